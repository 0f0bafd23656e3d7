"""A leaderboard that a room sees: one page without scripts, which a browser opens from the disk and draws anew by itself."""

import html
from pathlib import Path

import pandas as pd

from utils.engine.competition import Contest
from utils.engine.paths import write_whole

SECONDS = 20  # after which the page is read again
STYLE = """
body { font: 1.4rem/1.5 system-ui, sans-serif; margin: 2rem; color: #111; background: #fff }
table { border-collapse: collapse } caption { text-align: left; padding-bottom: 1rem }
th, td { padding: .4rem 1rem; border-bottom: 1px solid #767676; text-align: right }
th:nth-child(2), td:nth-child(2) { text-align: left; overflow-wrap: anywhere }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #111 } }
"""


def page(contest: Contest, key: str | None = None) -> str:
    """HTML of the ranks for one hidden set; whatever stands in the leaderboard is shown as text.

    Args:
        contest: whose leaderboard.
        key: of the hidden set, see `utils.engine.competition.chosen_key`.

    Raises:
        SubmissionError: the leaderboard is damaged.
    """
    board = contest.leaderboard(key)
    heads = ["Rank", "Name", *map(contest.title, contest.decimals), "Entered (UTC)"]
    rows = []
    for rank, entry in enumerate(board.to_dict("records"), 1):
        figures = [_figure(entry[name], digits) for name, digits in contest.decimals.items()]
        name = f'<th scope="row"><bdi>{html.escape(entry["name"])}</bdi></th>'
        date = html.escape(str(entry["date"])[:16].replace("T", " "))
        rows.append(
            f"<tr><td>{rank}</td>{name}{''.join(f'<td>{f}</td>' for f in figures)}<td>{date}</td></tr>"
        )
    order = ", then ".join(
        f"{contest.title(name)} ({'less' if less else 'more'} is better)"
        for name, less in contest.ascending.items()
    )
    declared = (
        "<p>What is called declared was said by the people who entered. The scorer sees predictions, not the network: "
        "only bounds on what is declared are checked.</p>"
        if contest.declared
        else ""
    )
    lab = html.escape(contest.lab)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f'<meta http-equiv="refresh" content="{SECONDS}">\n<meta name="viewport" content="width=device-width">\n'
        f"<title>Leaderboard: {lab}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>Leaderboard: {lab}</h1>\n<table>\n<caption>The best entry of each name. Ranked by {html.escape(order)}. "
        f"{len(board)} names.</caption>\n"
        f"<thead><tr>{''.join(f'<th scope=col>{html.escape(head)}</th>' for head in heads)}</tr></thead>\n"
        f"<tbody>\n{chr(10).join(rows)}\n</tbody>\n</table>\n{declared}\n"
        f"<p>This page reads itself again every {SECONDS} seconds.</p>\n</main>\n</body>\n</html>\n"
    )


def write(contest: Contest, key: str | None = None) -> Path:
    """Draw the page beside the leaderboard's file, whole or not at all."""
    path = contest.path.with_suffix(".html")
    write_whole(path, page(contest, key))
    return path


def _figure(value: float, digits: int) -> str:
    return "none" if pd.isna(value) else f"{value:.{digits}f}"
