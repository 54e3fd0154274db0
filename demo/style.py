"""How the demo's own pages look."""

from __future__ import annotations

import html

_STYLE = """
:root{color-scheme:light dark;--ink:#1d2330;--dim:#5b6476;--paper:#f5f6f8;--card:#fff;--line:#e1e5ec;--mark:#0b6e4f}
@media(prefers-color-scheme:dark){:root{--ink:#e7eaf0;--dim:#98a2b6;--paper:#10131a;--card:#181d27;--line:#2a3140;--mark:#52d3a6}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:54rem;margin:0 auto;padding:2rem 1.25rem 4rem}h1{font-size:1.7rem;margin:.2rem 0 1rem}h2{font-size:1.05rem;margin:2rem 0 .6rem}
a{color:var(--mark)}.muted{color:var(--dim)}article,section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem 1.25rem;margin:0 0 1rem}
article header{display:flex;justify-content:space-between;gap:1rem;flex-wrap:wrap}pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.6rem 0 0;font:13px/1.5 ui-monospace,monospace}
table{border-collapse:collapse;width:100%;font-size:.92rem}th{text-align:left;font-weight:500;color:var(--dim);padding:.35rem 1rem .35rem 0;vertical-align:top;white-space:nowrap}
td{padding:.35rem 0;overflow-wrap:anywhere;font-family:ui-monospace,monospace;font-size:.86rem}tr+tr>*{border-top:1px solid var(--line)}
.code{font-size:1.5rem;letter-spacing:.15em;color:var(--mark)}nav{display:flex;gap:1rem;flex-wrap:wrap;margin:0 0 1.5rem}
.who{display:flex;gap:1rem;align-items:center}.who i{flex:none;width:3rem;height:3rem;border-radius:50%;background:var(--mark);color:var(--card);display:grid;place-items:center;font:600 1.2rem/1 system-ui}
.ok{color:var(--mark);font-weight:600}
@media(max-width:36rem){th,td{display:block;padding:.15rem 0}tr{display:block;padding:.4rem 0}tr+tr>*{border:0}tr+tr{border-top:1px solid var(--line)}}
"""


def page(title: str, body: str, refresh: int | None = None) -> str:
    """A whole page around trusted ``body`` markup."""
    again = f'<meta http-equiv="refresh" content="{refresh}">' if refresh else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"{again}<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )
