"""Flow charts in Mermaid's notation as SVG, so that web pages show them without a script."""

import html
import re
from collections import defaultdict

BOX_HEIGHT, ROW, GAP, LETTER = 34, 54, 46, 8.2  # px
NODE = re.compile(r"(\w+)(?:\[([^\]]+)\])?")


def draw(text: str) -> str:
    """An SVG figure of a chart that runs from left to right.

    Args:
        text: ``flowchart LR``, lines ``a[words] --> b --> c``, and optional ``accTitle:`` and ``accDescr:``.
    """
    labels, edges = _read(text)
    rank = _ranks(list(labels), edges)
    columns: dict[int, list[str]] = defaultdict(list)
    for name in labels:
        columns[rank[name]].append(name)
    tallest = max(map(len, columns.values()))
    place, left = {}, 2.0
    for column in sorted(columns):
        names = columns[column]
        width = LETTER * max(len(labels[name]) for name in names) + 18
        for number, name in enumerate(names):
            place[name] = (left, (tallest - len(names)) * ROW / 2 + number * ROW + 2, width)
        left += width + GAP
    back = any(rank[end] <= rank[start] for start, end in edges)
    size = (left - GAP + 4, tallest * ROW - (ROW - BOX_HEIGHT) + 4 + 26 * back)
    shapes = [_arrow(place[start], place[end], rank[end] > rank[start]) for start, end in edges]
    shapes += [_box(labels[name], *place[name]) for name in labels]
    title = re.search(r"accTitle:\s*(.+)", text)
    words = re.search(r"accDescr:\s*(.+)", text)
    said = " ".join(found[1].strip() for found in (title, words) if found) or "Flow chart: " + ", ".join(
        f"{labels[start]} leads to {labels[end]}" for start, end in edges
    )
    return (
        f'<svg class="flowchart" role="img" aria-label="{html.escape(said, quote=True)}" viewBox="0 0 {size[0]:.0f} {size[1]:.0f}" '
        f'style="max-width:{size[0]:.0f}px" width="100%" xmlns="http://www.w3.org/2000/svg">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="currentColor"/></marker></defs>{"".join(shapes)}</svg>\n'
    )


def _read(text: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Labels by name, in order, and arrows."""
    labels: dict[str, str] = {}
    edges = []
    for line in text.splitlines():
        if "-->" not in line:
            continue
        nodes = [found for part in line.split("-->") if (found := NODE.match(part.strip()))]
        for found in nodes:
            labels[found[1]] = found[2] or labels.get(found[1], found[1])
        edges += [(start[1], end[1]) for start, end in zip(nodes, nodes[1:], strict=False)]
    return labels, edges


def _ranks(names: list[str], edges: list[tuple[str, str]]) -> dict[str, int]:
    """Column of each node: one more than that of the last before it; arrows back to what came earlier do not count."""
    order: dict[str, int] = {}
    forward: list[tuple[str, str]] = []
    for start, end in edges:
        order.setdefault(start, len(order))
        if end in order and _leads(end, start, forward):
            continue
        order.setdefault(end, len(order))
        forward.append((start, end))
    rank = dict.fromkeys(names, 0)
    for _ in names:
        for start, end in forward:
            rank[end] = max(rank[end], rank[start] + 1)
    return rank


def _leads(start: str, end: str, edges: list[tuple[str, str]]) -> bool:
    """True if arrows lead from one node to another."""
    reached: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += [after for before, after in edges if before == name]
    return end in reached


def _box(label: str, left: float, top: float, width: float) -> str:
    return (
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{BOX_HEIGHT}" rx="6" fill="none" '
        f'stroke="currentColor"/><text x="{left + width / 2:.0f}" y="{top + 22:.0f}" text-anchor="middle" '
        f'font-size="14" fill="currentColor">{html.escape(label)}</text>'
    )


def _arrow(start: tuple[float, float, float], end: tuple[float, float, float], forward: bool) -> str:
    middle = BOX_HEIGHT / 2
    if forward:
        line = f"M{start[0] + start[2]:.0f} {start[1] + middle:.0f}L{end[0] - 2:.0f} {end[1] + middle:.0f}"
    else:
        low = max(start[1], end[1]) + BOX_HEIGHT + 20
        from_x, to_x = start[0] + start[2] / 2, end[0] + end[2] / 2
        line = f"M{from_x:.0f} {start[1] + BOX_HEIGHT:.0f}V{low:.0f}H{to_x:.0f}V{end[1] + BOX_HEIGHT + 2:.0f}"
    return f'<path d="{line}" fill="none" stroke="currentColor" marker-end="url(#tip)"/>'
