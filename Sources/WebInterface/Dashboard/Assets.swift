/// The style sheet and the script of all pages. They come from this node alone, and nothing on a page comes from elsewhere.
enum Assets {
    static let style = #"""
        :root { --ink: #1c1f24; --paper: #fcfcfb; --soft: #eceae5; --line: #b9b6ae; --quiet: #5d6067; --good: #1a6b3c; --warn: #8a5a00;
          --bad: #a61b29; --accent: #1d4f91; --plus: #1a6b3c; --minus: #a61b29; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e9e7e2; --paper: #15171a; --soft: #24272c; --line: #4b4f57;
          --quiet: #a3a7af; --good: #6cc48f; --warn: #e0b050; --bad: #f0808a; --accent: #8ab4f0; --plus: #6cc48f; --minus: #f0808a; } }
        * { box-sizing: border-box; }
        body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
        header, main, footer { max-width: 76rem; margin: 0 auto; padding: 0 1rem; }
        header { display: flex; flex-wrap: wrap; gap: .5rem 2rem; align-items: baseline; border-bottom: 1px solid var(--line); }
        .brand { font-weight: 700; } .brand span { font-weight: 400; color: var(--quiet); }
        nav { display: flex; flex-wrap: wrap; gap: .3rem 1rem; } nav form { display: inline; }
        a { color: var(--accent); } a:focus-visible, button:focus-visible, input:focus-visible, summary:focus-visible, .wide:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
        .skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; top: .5rem; background: var(--paper); padding: .3rem; }
        h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; } h3 { font-size: 1.05rem; margin-bottom: 0; } small { color: var(--quiet); font-weight: 400; }
        table { border-collapse: collapse; margin: .5rem 0; } caption { text-align: left; color: var(--quiet); padding: .2rem 0; }
        th, td { padding: .25rem .7rem; text-align: left; border-bottom: 1px solid var(--soft); vertical-align: top; }
        thead th { border-bottom: 1px solid var(--line); } tfoot th, tfoot td { border-top: 2px solid var(--ink); font-weight: 700; }
        code { overflow-wrap: anywhere; } tbody th { font-weight: 600; } .day { white-space: nowrap; } td code { font-size: .85em; white-space: nowrap; } th small { white-space: nowrap; }
        .n { text-align: right; font-variant-numeric: tabular-nums; } .wide { overflow-x: auto; }
        .good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); } .own { background: var(--soft); }
        .notice { border-left: 4px solid currentColor; padding: .3rem 1rem; background: var(--soft); margin: .5rem 0; }
        .notice p { margin: .2rem 0; color: var(--ink); } tr.void td, tr.void th { color: var(--quiet); }
        .pair { display: flex; flex-wrap: wrap; gap: 2rem; } figure { margin: 0; } figcaption { color: var(--quiet); max-width: 34rem; }
        svg { max-width: 100%; height: auto; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; stroke: var(--paper); stroke-width: 3px; paint-order: stroke; }
        svg .quiet { fill: var(--quiet); } svg .axis { stroke: var(--line); } svg .bar { fill: var(--accent); }
        svg .curve { fill: none; stroke: var(--accent); stroke-width: 2; } svg .area { fill: var(--accent); opacity: .25; }
        svg .node { fill: var(--paper); stroke: var(--ink); stroke-width: 2; } svg .node.good { stroke: var(--good); }
        svg .node.warn { stroke: var(--warn); } svg .node.bad { stroke: var(--bad); } svg .self { stroke-width: 4; }
        svg .link { stroke: var(--line); stroke-width: 1.5; } svg .link.open { stroke: var(--good); stroke-width: 2.5; }
        svg .link.closed { stroke: var(--bad); stroke-dasharray: 3 5; } svg .link.far { stroke-dasharray: 1 4; }
        svg .flow { stroke-dasharray: 8 6; animation: flow 1s linear infinite; } svg .plus { fill: var(--plus); } svg .minus { fill: var(--minus); }
        svg .tier0 { fill: #2b6cb0; } svg .tier1 { fill: #5a9bd4; } svg .tier2 { fill: #9ac3a0; } svg .tier3 { fill: #e3c567; }
        svg .tier4 { fill: #d98c5f; } svg .tier5 { fill: #b5485d; }
        @media (max-width: 40rem) { th, td { padding: .2rem .4rem; font-size: .9rem; } }
        @keyframes flow { to { stroke-dashoffset: -14; } }
        @media (prefers-reduced-motion: reduce) { svg .flow { animation: none; } }
        .score strong { font-size: 2.5rem; } button { font: inherit; padding: .3rem .9rem; } button.link { text-align: left; overflow-wrap: anywhere; } input { font: inherit; padding: .25rem; }
        button.link { border: 0; background: none; color: var(--accent); text-decoration: underline; padding: 0; cursor: pointer; }
        footer { border-top: 1px solid var(--line); margin-top: 3rem; color: var(--quiet); }
        """#

    static let script = #"""
        "use strict";
        // The live part of the dashboard: the node sends it whole, once a second.
        const live = document.getElementById("live");
        // Makes an element like another, and leaves alone what is alike: who stands on a link with the keyboard, has selected a
        // number or has moved a table sideways stays there.
        const liken = (old, next) => {
          if (old.nodeType !== next.nodeType || old.nodeName !== next.nodeName) { old.replaceWith(next); return; }
          if (old.nodeType !== Node.ELEMENT_NODE) { if (old.data !== next.data) old.data = next.data; return; }
          for (const { name } of Array.from(old.attributes)) if (!next.hasAttribute(name)) old.removeAttribute(name);
          for (const { name, value } of Array.from(next.attributes)) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
          const [olds, nexts] = [Array.from(old.childNodes), Array.from(next.childNodes)];
          nexts.forEach((child, place) => { if (place < olds.length) liken(olds[place], child); else old.append(child); });
          olds.slice(nexts.length).forEach((child) => child.remove());
        };
        if (live) {
          const connection = document.getElementById("connection");
          const stream = new EventSource(live.dataset.stream);
          stream.addEventListener("live", (event) => {
            const next = live.cloneNode(false);
            next.innerHTML = JSON.parse(event.data);
            liken(live, next);
            connection.textContent = "";
          });
          stream.addEventListener("error", () => { connection.textContent = "The node does not answer at present; this page waits for it."; });
        }
        // The resync button: it starts a job and asks how far that has come.
        const start = document.getElementById("resync-start");
        if (start) {
          const bar = document.getElementById("resync-progress");
          const outcome = document.getElementById("resync-outcome");
          const finish = (text) => { bar.hidden = true; start.disabled = false; outcome.textContent = text; };
          const words = (job) => {
            if (job.state === "failed") return "The resync failed: " + job.error;
            if (job.state === "cancelled") return "The resync was cancelled.";
            const r = job.result;
            return (r.whole ? "Done: all is sound. " : "Done, and something is left: " + r.left.join("; ") + ". ") + r.verified
              + " entries checked, " + r.damage_count + " damaged places found, " + r.repaired + " entries mended.";
          };
          const follow = async (place) => {
            const answer = await fetch(place);
            if (!answer.ok) { finish((await answer.json()).detail); return; }
            const job = await answer.json();
            if (job.state !== "running") { finish(words(job)); return; }
            if (job.progress && job.progress.total) bar.value = 100 * job.progress.done / job.progress.total;
            outcome.textContent = job.progress ? job.progress.text : "under way";
            setTimeout(() => follow(place).catch((error) => finish(String(error))), 300);
          };
          start.addEventListener("click", async () => {
            start.disabled = true; bar.hidden = false; bar.value = 0; outcome.textContent = "under way";
            try {
              const answer = await fetch(start.dataset.start, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
              if (answer.status !== 202) { finish((await answer.json()).detail); return; }
              await follow(answer.headers.get("Location"));
            } catch (error) { finish(String(error)); }
          });
        }
        """#
}
