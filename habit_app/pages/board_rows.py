"""The dashboard's lines as HTML: made here, since a template takes six times as long, and most of a page is this."""

from __future__ import annotations

from html import escape

from habit_app.board import Board, Row

_TICK = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M5 12.5l4.5 4.5L19 7.5"/></svg>'


def rows_html(board: Board, token: str) -> str:
    """A form for each habit; `token` is what forms carry for browsers too old to say where a request comes from.

    Ids, names and the token are escaped; everything else is this app's own text. The template takes it as it is.
    """
    return "".join([_row(row, escape(token)) for row in board.rows])


def _row(row: Row, token: str) -> str:
    id, name, now = escape(row.habit.id), escape(row.habit.name), row.today
    due, off = " data-due" if now.due else "", " data-skipped" if now.skipped else ""
    return (
        f'  <form class="habit" id="habit-{id}" data-habit="{id}" data-row method="post" action="/habits/{id}/mark"'
        f' aria-labelledby="name-{id}">\n'
        f'    <input type="hidden" name="token" value="{token}">\n'
        f'    <button class="tick" name="mark" value="{now.mark}" data-day="{now.day}" data-now{due}{off}'
        f' aria-pressed="{"true" if now.done else "false"}" aria-label="{name}, today">{_TICK}</button>\n'
        '    <div class="what">\n'
        f'      <h2 id="name-{id}"><a href="/habits/{id}">{name}</a></h2>\n'
        f"      <p>{_how_it_stands(row)}</p>\n"
        "    </div>\n"
        f'    <div class="days" role="group" aria-label="{name}, last 30 days"><div>\n'
        f"{row.cells}</div></div>\n"
        "  </form>\n"
    )


def _how_it_stands(row: Row) -> str:
    schedule, going = row.habit.schedule, "going" if row.streak.current else ""
    streak = f'<span data-streak class="{going}">{row.streak.text()}</span>'
    days = f'<span class="wide"> · {schedule.label()}</span>' if schedule.kind == "days" else ""
    if row.today.skipped:
        return f"{streak}{days} · skipped today"
    return f"{streak}{days}" if schedule.due_on(row.today.day) else f"{streak}{days} · not today"
