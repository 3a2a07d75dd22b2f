"""The style sheet. It only improves: where a policy refuses it, tables and pictures stand by themselves."""

from pytest_speedbump.page.svg import PAPER, TONES

__all__ = ["CARD", "FONTS", "SCOPE", "STYLE"]

# Of all pages and of the sentences in pictures; it is also what a page says that may have no style sheet.
FONTS = "system-ui,-apple-system,'Segoe UI',Roboto,sans-serif"
SCOPE = "speedbump"  # the class of what the style sheet is for: a whole page, or its part of somebody's notebook
CARD = ("#f5f6f8", "#1d2127")  # behind what deserves to be read first, in the light and in the dark

_COLOURS = {**{str(tone): both for tone, both in TONES.items()}, "paper": PAPER, "card": CARD}
_VARIABLES = "".join(f"--{name}:light-dark({light},{dark});" for name, (light, dark) in _COLOURS.items())
_CLASSES = "".join(
    f"& .f-{tone}{{color:var(--{tone});fill:var(--{tone})}}& .s-{tone}{{stroke:var(--{tone})}}" for tone in TONES
)

# A notebook has a theme of its own, whatever the system's is. Paper is light.
STYLE = (
    f".{SCOPE}{{color-scheme:light dark;{_VARIABLES}"
    f"font:15px/1.5 {FONTS};color:var(--ink);background:var(--paper);"
    "overflow-wrap:anywhere;-webkit-text-size-adjust:100%;"
    "& h1{font-size:24px;line-height:1.25;letter-spacing:-.01em;margin:0 0 14px}"
    "& h2{font-size:18px;margin:40px 0 8px}"
    "& h3{font-size:15px;margin:0 0 4px}"
    "& p{margin:6px 0;max-width:80ch}"
    "& code{font:.9em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}"
    "& a{color:inherit;text-decoration-color:var(--faint);text-underline-offset:3px}"
    "& a:hover{text-decoration-color:currentcolor}"
    "& :focus-visible{outline:2px solid var(--measured);outline-offset:2px;border-radius:3px}"
    f"{_CLASSES}"
    "& .chips{list-style:none;display:flex;flex-wrap:wrap;gap:8px;margin:0 0 14px;padding:0}"
    "& .chips li{border:1px solid currentcolor;border-radius:99px;padding:2px 13px;font-weight:600}"
    "& .facts{font-size:13px;max-width:none}"
    "& .said{margin:8px 0;padding-left:20px;max-width:110ch}& .said li{margin:3px 0}"
    "& .card{background:var(--card);border:1px solid var(--faint);border-left:4px solid var(--failed);"
    "border-radius:8px;padding:12px 18px;margin:12px 0;max-width:110ch}"
    "& .card p{max-width:none}"
    "& .wide{overflow-x:auto}& .wide+.wide{margin-top:18px}"
    "& table{border-collapse:collapse;font-size:13.5px;min-width:100%;overflow-wrap:normal}"
    "& caption{text-align:left;color:var(--soft);padding:0 0 8px;font-size:14px}"
    # It stays where a narrow screen shows it, while the table is moved.
    "& caption span{display:inline-block;position:sticky;left:0;max-width:min(110ch,calc(100vw - 48px))}"
    "& th,& td{text-align:left;border:0;border-bottom:1px solid var(--faint);padding:3px 14px 3px 0;white-space:nowrap;"
    "font-weight:400}"
    "& thead th{color:var(--soft);font-weight:600;font-size:13px;vertical-align:bottom}"
    "& tbody tr:hover{background:var(--card)}"
    "& .m{color:var(--soft)}& .halo{stroke:var(--paper)}"
    "& .n,& [align=right]{text-align:right;font-variant-numeric:tabular-nums}"
    "& .word{font-weight:600;white-space:nowrap}"
    "& .cut{display:block;max-width:14em;overflow:hidden;text-overflow:ellipsis;text-align:left}"
    "& td .cut{max-width:19em}"
    "& svg{display:block}& .charts{display:flex;flex-wrap:wrap;gap:16px 12px}"
    "& .glyph{display:inline-block;vertical-align:-2px;margin-right:5px}"
    "& details{border-bottom:1px solid var(--faint)}"
    "& summary{cursor:pointer;padding:6px 4px}& summary:hover{background:var(--card)}"
    "& summary .word,& .bump .word{margin-left:4px}"
    "& .bump{margin:4px 0 18px 20px}"
    "& dl{display:grid;align-items:baseline;grid-template-columns:9em 1fr;gap:3px 14px;margin:4px 0;font-size:14px}"
    "& dt{color:var(--soft)}& dd{margin:0}& dd p,& dd ul{margin:0;max-width:none}& dd ul{padding-left:18px}"
    "& pre{margin:0;padding:6px 10px;background:var(--card);border:1px solid var(--faint);border-radius:6px;"
    "white-space:pre-wrap;width:fit-content;max-width:100%;box-sizing:border-box}"
    "}"
    f"body.{SCOPE}{{max-width:1180px;margin:0 auto;padding:28px 24px 60px}}"
    f"[data-jp-theme-light=true] .{SCOPE},.vscode-light .{SCOPE}{{color-scheme:light}}"
    f"[data-jp-theme-light=false] .{SCOPE},.vscode-dark .{SCOPE}{{color-scheme:dark}}"
    f"div.{SCOPE}{{padding:12px 16px;border-radius:8px}}"
    f"@media(max-width:600px){{body.{SCOPE}{{padding:18px 14px 40px}}.{SCOPE}{{"
    "& h1{font-size:20px}& dl{grid-template-columns:1fr;gap:0}& dd{margin-bottom:6px}& .bump{margin-left:8px}}}"
    f"@media print{{.{SCOPE}{{color-scheme:light;font-size:12px;"
    "& details::details-content{content-visibility:visible;display:block;block-size:auto}"
    "& .wide{overflow:visible}& table,& thead th,& caption{font-size:10px}"
    "& th,& td{padding-right:7px;white-space:normal}"
    "& .n,& [align=right]{white-space:nowrap}"
    "& bdi{overflow-wrap:anywhere}& .cut,& td .cut{max-width:11em;overflow:visible;white-space:normal}"
    "& .pic{max-width:100%;height:auto}& .charts .pic{max-width:48%}"
    "& td svg:not(.glyph),& th svg{width:150px;height:auto}"
    "& tr,& .pic,& .card,& dl,& figure{break-inside:avoid}& h2,& h3,& summary{break-after:avoid}"
    f"& a{{text-decoration:none}}}}body.{SCOPE}{{padding:0;max-width:none}}}}@page{{margin:14mm}}"
)
