// Where places are on the picture: Miller's cylindrical projection, 1000 units wide, as bench/page_land.py draws the land.
export const WIDTH = 1000, HEIGHT = 458;
const NORTH = 78;

const miller = (degrees) => 1.25 * Math.log(Math.tan(Math.PI / 4 + (0.4 * degrees * Math.PI) / 180));

export const project = (longitude, latitude) => ({
  x: ((longitude + 180) / 360) * WIDTH,
  y: ((miller(NORTH) - miller(latitude)) * WIDTH) / (2 * Math.PI),
});

// The place under a point of the picture.
export const place = (x, y) => ({
  longitude: (x / WIDTH) * 360 - 180,
  latitude: ((Math.atan(Math.exp((miller(NORTH) - (y * 2 * Math.PI) / WIDTH) / 1.25)) - Math.PI / 4) / 0.4) * (180 / Math.PI),
});

// Where a region's label stands: beside its place, where there is sea or nobody else. Units of the picture.
const LABELS = {
  arn: [592, 60], ams: [512, 46], lhr: [438, 82], cdg: [438, 148], fra: [592, 138],
  yyz: [310, 92], ewr: [362, 148], iad: [342, 214], ord: [232, 94], dfw: [258, 252], lax: [108, 230], sjc: [98, 160],
  gru: [442, 354], jnb: [642, 358], bom: [662, 264], sin: [792, 332], nrt: [946, 158], syd: [934, 312],
};

export function labelOf(region) {
  const [x, y] = LABELS[region.code] ?? [0, 0];
  return x ? { x, y } : { x: region.at.x, y: region.at.y - 24 };
}

// The way of a request: a curve that bows to the north, the more the longer it is. `by` is its control point.
export function arc(from, to) {
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const long = Math.hypot(to.x - from.x, to.y - from.y);
  return { from, by: { x: middle.x, y: Math.max(8, middle.y - long * 0.28) }, to };
}
