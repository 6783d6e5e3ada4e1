"""Bar charts as SVG, for light and dark pages."""

import html
import math

WIDTH, LABELS, NUMBERS, BAR, GAP = 880, 160, 90, 15, 26
COLOURS = ["#0b6e4f", "#4fb286", "#8a8f98", "#3b6fb6", "#e0a100", "#f2cf63", "#c8553d", "#e8a598"]
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 15px; font-weight: 600 }
  .group { font-weight: 600 }
  .axis { stroke: #8888; stroke-width: 1 }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }
"""


def bars(title, groups, systems, number, log=True):
    """Horizontal bars: `groups` holds, by name, the value of each system. All bars share one scale."""
    scale = scale_of([value for group in groups.values() for value in group.values()], log)
    colours = dict(zip(systems, COLOURS))
    parts, y = [text(10, 24, title, "title")], 40
    for name, group in groups.items():
        if not group:
            continue
        if name:
            y += 18
            parts.append(text(10, y, name, "group"))
            y += 6
        top = y
        for system in (system for system in systems if system in group):
            length = scale(group[system])
            parts.append(text(LABELS - 8, y + 12, system, anchor="end"))
            parts.append(f'<rect x="{LABELS}" y="{y + 1}" width="{length:.1f}" height="{BAR - 2}" rx="2"'
                         f' fill="{colours[system]}"/>')
            parts.append(text(LABELS + length + 6, y + 12, number(group[system])))
            y += BAR + 2
        parts.append(f'<line class="axis" x1="{LABELS}" y1="{top}" x2="{LABELS}" y2="{y}"/>')
    height = y + GAP // 2
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    label = html.escape(title, quote=True)
    return "\n".join([f'{head} role="img" aria-label="{label}">', f"<style>{STYLE}</style>", *parts, "</svg>", ""])


def scale_of(values, log):
    """From a value to the length of its bar. A logarithmic scale begins at the power of ten below the least value."""
    room, most = WIDTH - LABELS - NUMBERS, max(values, default=1)
    if not log:
        return lambda value: room * value / most
    low = math.floor(math.log10(max(min(values, default=1), 1e-6)))
    if math.log10(most) <= low:
        low -= 1
    return lambda value: max(2.0, room * (math.log10(max(value, 1e-6)) - low) / (math.log10(most) - low))


def text(x, y, words, kind="", anchor="start"):
    kind = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.0f}" y="{y}" text-anchor="{anchor}"{kind}>{html.escape(words)}</text>'
