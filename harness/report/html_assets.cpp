// The page's looks and its one script. Nothing of a run stands here.
#include "harness/report/html_parts.h"

namespace harness::page {

std::string_view style_sheet() {
  return R"css(:root{--bg:#fcfcfb;--fg:#1c1d1f;--quiet:#5f646b;--line:#d9dbde;--card:#f3f4f4;--ok:#2f7d4f;--bad:#b3261e;--cut:#b26a00;--skip:#6b7078;
--client:#0b6e8a;--provider:#8a5a00;--gateway:#7a3fa0;--manager:#2b57b8;--cli:#2f7d4f;--mark:#fde7e4;--near:#fdf4e3;--link:#1a56b8;--on:#fff}
@media (prefers-color-scheme:dark){:root{--bg:#17181a;--fg:#e6e7e9;--quiet:#9da3ab;--line:#36393e;--card:#1f2124;--ok:#5cb983;--bad:#ff8a80;--cut:#f0b14a;
--skip:#8d939b;--client:#62c4df;--provider:#e0b060;--gateway:#c99bec;--manager:#8fb1ff;--cli:#7fcf9f;--mark:#4a2422;--near:#33290f;--link:#8fb8ff;--on:#17181a}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,"Segoe UI",Roboto,"Noto Sans",sans-serif}
header,main{max-width:1280px;margin:0 auto;padding:0 20px}
header{padding-top:16px}
h1{font-size:22px;margin:0}h2{font-size:18px;margin:0 0 6px}h2 a{color:inherit;text-decoration:none}h2 a:hover{text-decoration:underline}
h2 small{font-weight:400;color:var(--quiet)}h3{font-size:15px;margin:0 0 6px}
header p,.summary{margin:2px 0 10px;color:var(--quiet)}
.quiet{color:var(--quiet);font-size:13px}.why{max-width:80ch;margin:6px 0}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:3px}
code,pre,.t,kbd{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:13px}
kbd{border:1px solid var(--line);border-radius:3px;padding:0 4px}
.badge{display:inline-block;min-width:4.6em;text-align:center;border-radius:4px;padding:1px 8px;font-size:12px;font-weight:700;color:var(--on);background:var(--skip);text-transform:uppercase;letter-spacing:.03em}
.badge.v-pass{background:var(--ok)}.badge.v-fail{background:var(--bad)}.badge.v-unknown{background:var(--cut)}
h1 .badge{font-size:14px;vertical-align:2px}
.run{border-top:1px solid var(--line);padding:16px 0}
.failure{background:var(--card);border-left:5px solid var(--bad);border-radius:0 6px 6px 0;padding:10px 14px;margin:10px 0}
.failure.v-unknown{border-left-color:var(--cut)}
.failure.v-fail h3{color:var(--bad)}.failure.v-unknown h3{color:var(--cut)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:0}dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}
.around{list-style:none;margin:0;padding:0;font-family:ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:13px}
.around li{padding:1px 6px;border-left:3px solid transparent}.around li.marked{border-left-color:var(--bad);background:var(--mark)}
.facts{list-style:none;display:flex;flex-wrap:wrap;gap:2px 18px;padding:0;margin:6px 0;color:var(--quiet);font-size:13px}.facts b{color:var(--fg);font-weight:600}
.repeat code{background:var(--card);padding:2px 6px;border-radius:4px;overflow-wrap:anywhere}
button{font:inherit;font-size:13px;color:var(--fg);background:var(--card);border:1px solid var(--line);border-radius:4px;padding:1px 10px;cursor:pointer}
table{border-collapse:collapse;width:100%}th{text-align:left;font-weight:600;color:var(--quiet);font-size:13px}
td,th{padding:3px 10px 3px 0;vertical-align:top;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
.overview td:first-child,.checks td:nth-child(2){width:7em}.overview .t{white-space:nowrap}
summary{cursor:pointer}details.story>summary,details.checks>summary{font-weight:600;padding:4px 0}
caption{text-align:left;color:var(--quiet);font-size:13px;padding:8px 0 2px}
.timeline .t{text-align:right;white-space:nowrap;width:5.5em;color:var(--quiet)}.timeline .l{width:6.5em;white-space:nowrap;font-weight:600}
.timeline td{padding:1px 12px 1px 0;font-size:14px}.timeline pre{margin:4px 0 8px;padding:8px;background:var(--card);border-radius:4px;white-space:pre-wrap;overflow-wrap:anywhere}
.timeline tr.marked td{background:var(--mark)}.timeline tr.marked td:first-child{box-shadow:inset 4px 0 0 var(--bad);color:var(--bad);font-weight:700}
.timeline tr.near td{background:var(--near)}.timeline tr:target td{background:var(--near);outline:2px solid var(--link);outline-offset:-2px}
.l-client{color:var(--client)}.l-provider{color:var(--provider)}.l-gateway{color:var(--gateway)}.l-manager{color:var(--manager)}.l-cli{color:var(--cli)}.l-harness{color:var(--quiet)}
.waterfall{border:1px solid var(--line);border-radius:6px;margin:10px 0;overflow:hidden}
.lane{display:grid;grid-template-columns:minmax(90px,150px) 1fr;border-top:1px solid var(--line)}.lane.axis{border-top:0;background:var(--card)}
.who{padding:3px 8px;font-size:13px;font-weight:600;overflow-wrap:anywhere;border-right:1px solid var(--line)}
.rows{position:relative;padding:2px 0;margin-right:10px}.row{position:relative;height:20px}
.mark{position:absolute;transform:translateX(-50%);font-size:12px;color:var(--quiet);white-space:nowrap}.mark:first-child{transform:none}
.mark.gap{font-style:italic}
.bar{position:absolute;top:2px;height:16px;min-width:4px;border-radius:3px;padding:0 4px;font-size:11px;line-height:16px;overflow:hidden;white-space:nowrap;text-overflow:clip;color:var(--on);text-decoration:none;background:var(--skip)}
.bar.ok{background:var(--ok)}.bar.bad{background:var(--bad)}.bar.cut{background:repeating-linear-gradient(135deg,var(--cut) 0 6px,var(--skip) 6px 9px)}
.bar.life{background:transparent;border:1px solid var(--gateway);color:var(--gateway);line-height:14px}
.bar.state{background:var(--card);color:var(--quiet);border:1px solid var(--line);line-height:14px}.bar.state.up{background:var(--manager);border-color:var(--manager);color:var(--on)}
.bar.state.bad{background:var(--bad);border-color:var(--bad);color:var(--on)}
.bar.tick{width:3px;min-width:3px;padding:0;margin-left:-1px;background:var(--gateway);opacity:.75}.bar.tick.loud{background:var(--bad);opacity:1}
.bar.marked{outline:3px solid var(--bad);outline-offset:1px;z-index:3}.bar:hover,.bar:focus-visible{z-index:4;filter:brightness(1.15)}
.cursor{position:absolute;top:0;bottom:0;width:0;border-left:2px dashed var(--bad);z-index:2}
.filter{position:sticky;top:0;padding:6px 0}.filter input{font:inherit;padding:3px 8px;border:1px solid var(--line);border-radius:4px;background:var(--bg);color:var(--fg);width:min(24em,60vw)}
[hidden]{display:none!important}
@media (max-width:700px){.lane{grid-template-columns:86px 1fr}.overview td:last-child,.overview th:last-child{display:none}dl{grid-template-columns:1fr}dt{margin-top:4px}}
@media print{.filter,button{display:none}body{background:#fff;color:#000}details.story{break-inside:auto}}
)css";
}

std::string_view script() {
  // Only conveniences: the page says all it has to say without this.
  return R"js('use strict';
const form=document.querySelector('.filter'),box=form.querySelector('input'),told=form.querySelector('output');
form.hidden=false;
form.addEventListener('submit',e=>e.preventDefault());
const rows=[...document.querySelectorAll('.timeline tbody tr')],texts=rows.map(r=>r.textContent.toLowerCase());
let later;
function filter(){
  const words=box.value.toLowerCase().split(/\s+/).filter(Boolean);
  const lanes=words.filter(w=>w.startsWith('lane:')).map(w=>w.slice(5)),plain=words.filter(w=>!w.startsWith('lane:'));
  let shown=0;
  rows.forEach((row,i)=>{
    const fits=plain.every(w=>texts[i].includes(w))&&(lanes.length===0||lanes.some(l=>row.dataset.lane.startsWith(l)));
    row.hidden=!fits;if(fits)shown++;
  });
  told.textContent=words.length?shown+' of '+rows.length+' lines':'';
  if(words.length)document.querySelectorAll('details.story').forEach(d=>{if(d.querySelector('tbody tr:not([hidden])'))d.open=true});
}
box.addEventListener('input',()=>{clearTimeout(later);later=setTimeout(filter,120)});
// A row inside a closed part must open before the browser can go there.
function reveal(){
  const row=location.hash.length>1&&document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if(!row)return;
  for(let part=row.closest('details');part;part=part.parentElement.closest('details'))part.open=true;
  row.hidden=false;row.scrollIntoView({block:'center'});
}
addEventListener('hashchange',reveal);reveal();
const failures=[...document.querySelectorAll('.failure')];let at=-1;
addEventListener('keydown',e=>{
  if(e.target===box){if(e.key==='Escape'){box.value='';filter();box.blur()}return}
  if(e.ctrlKey||e.metaKey||e.altKey)return;
  if(e.key==='/'){e.preventDefault();box.focus()}
  if((e.key==='n'||e.key==='p')&&failures.length){
    at=(at+(e.key==='n'?1:-1)+failures.length)%failures.length;
    failures[at].tabIndex=-1;failures[at].focus();failures[at].scrollIntoView({block:'center'});
  }
});
for(const button of document.querySelectorAll('[data-copy]')){
  if(!navigator.clipboard)continue;
  button.hidden=false;
  button.addEventListener('click',()=>navigator.clipboard.writeText(button.parentElement.querySelector('code').textContent).then(()=>{button.textContent='copied'}));
}
)js";
}

}  // namespace harness::page
