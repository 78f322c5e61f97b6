// Where places are on the picture: Miller's cylindrical projection, 1000 units wide, as bench/page_land.py draws the land.
export const WIDTH = 1000, HEIGHT = 458;
const NORTH = 78;

const miller = (degrees) => 1.25 * Math.log(Math.tan(Math.PI / 4 + (0.4 * degrees * Math.PI) / 180));

export const project = (longitude, latitude) => ({
  x: ((longitude + 180) / 360) * WIDTH,
  y: ((miller(NORTH) - miller(latitude)) * WIDTH) / (2 * Math.PI),
});

// Where a region's label stands: beside its place, where there is sea or nobody else. Units of the picture.
const LABELS = {
  arn: [606, 62], ams: [536, 52], lhr: [446, 88], cdg: [446, 146], fra: [606, 124],
  yyz: [318, 100], ewr: [356, 146], iad: [346, 196], ord: [248, 102], dfw: [246, 232], lax: [128, 214], sjc: [108, 156],
  gru: [428, 352], jnb: [630, 350], bom: [668, 256], sin: [790, 318], nrt: [946, 160], syd: [936, 328],
};

export function labelOf(region) {
  const [x, y] = LABELS[region.code] ?? [0, 0];
  return x ? { x, y } : { x: region.at.x, y: region.at.y - 24 };
}

// The way of a request: a curve that bows to the north, the more the longer it is.
export function arc(from, to) {
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const long = Math.hypot(to.x - from.x, to.y - from.y);
  return `M${from.x.toFixed(1)} ${from.y.toFixed(1)}Q${middle.x.toFixed(1)} ${Math.max(8, middle.y - long * 0.28).toFixed(1)} ${to.x.toFixed(1)} ${to.y.toFixed(1)}`;
}
