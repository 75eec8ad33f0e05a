import{N as e,j as t,r as n}from"./client-DAO7cGUz.js";async function*r(e){if(!e.body)return;let t=e.body.pipeThrough(new TextDecoderStream).getReader(),n=``;try{for(;;){let{done:e,value:r}=await t.read();if(e)return;let i=(n+r).replaceAll(`\r
`,`
`).split(`

`);n=i.pop()??``;for(let e of i){let t=a(e);t&&(yield t)}}}finally{t.cancel().catch(()=>void 0)}}async function*i(i,a,o,s=``){let c=new Headers({accept:`text/event-stream`});s&&c.set(`last-event-id`,s),n(c);let l=new URLSearchParams(a).toString(),u=await fetch(`${e}api/v1${i}${l?`?${l}`:``}`,{headers:c,signal:o});if(!u.ok)throw t(u.status,await u.json().catch(()=>null));for await(let{event:e,data:t}of r(u))t&&(yield{event:e,value:JSON.parse(t)})}function a(e){let t={event:`message`,data:``,id:``},n=[];for(let r of e.split(`
`)){let[,e,i]=/^([a-z]+): ?(.*)$/s.exec(r)??[];e===`data`?n.push(i??``):e===`event`?t.event=i??``:e===`id`&&(t.id=i??``)}return t.data=n.join(`
`),n.length||t.event!==`message`?t:void 0}export{i as n,r as t};