"""How the documentation page looks. No fonts, no images: nothing is loaded."""

STYLE = """\
:root { color-scheme: light dark; --text: #1d2330; --soft: #5b6477; --paper: #fff; --panel: #f4f6f9; --line: #dde2ea;
  --link: #0b57c4; --get: #0b6e4f; --post: #0b57c4; --delete: #b3261e; --put: #8a5300; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e4e8ef; --soft: #9aa5b8; --paper: #14171d; --panel: #1d222b; --line: #323a47;
    --link: #86b4ff; --get: #5fd3a8; --post: #86b4ff; --delete: #ff8f86; --put: #f0b35a; }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; display: grid; grid-template-columns: 15rem minmax(0, 1fr); background: var(--paper);
  color: var(--text); font: 16px/1.55 system-ui, sans-serif; }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1.5rem 1rem; background: var(--panel);
  border-right: 1px solid var(--line); font-size: .875rem; }
nav a { display: block; padding: .15rem 0; text-decoration: none; }
nav b { display: block; margin-top: 1rem; color: var(--soft); font-weight: 600; }
main { max-width: 60rem; padding: 1.5rem 2rem 6rem; }
h1 small { color: var(--soft); font-weight: 400; font-size: 1rem; }
h2 { margin-top: 3rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
h3 { margin: 2.5rem 0 .25rem; }
h4 { margin: 1.25rem 0 .25rem; color: var(--soft); }
a { color: var(--link); }
code, pre { font: .875em/1.5 ui-monospace, monospace; }
pre { padding: .75rem 1rem; overflow-x: auto; background: var(--panel); border: 1px solid var(--line);
  border-radius: 6px; }
.call { margin: .25rem 0; }
.call b { font-size: .875rem; }
.get { color: var(--get); } .post { color: var(--post); } .delete { color: var(--delete); }
.put, .patch { color: var(--put); }
.answer { margin: .5rem 0 .25rem; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { padding: .4rem .75rem .4rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; }
.required { color: var(--delete); font-size: .75rem; }
.bounds { color: var(--soft); font-size: .85rem; }
details { margin: 0 0 .75rem; }
summary { color: var(--soft); cursor: pointer; font-size: .875rem; }
@media (max-width: 50rem) {
  body { display: block; }
  nav { position: static; height: auto; border-right: 0; columns: 2; }
  main { padding: 1rem; }
}
"""
