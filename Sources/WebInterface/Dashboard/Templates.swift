/// The pages' templates, in Mustache.
enum Templates {
    static let all = [
        "layout": layout, "dashboard": dashboard, "live": live, "subject": subject, "rulebook": rulebook, "sign-in": signIn,
        "message": message,
    ]

    private static let layout = #"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>{{title}}</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="/assets/style.css">
        <script src="/assets/page.js" defer></script>
        </head>
        <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header>
        <p class="brand">Concord <span>{{federation}}</span></p>
        <nav aria-label="Pages"><a href="/">Federation</a> <a href="/subjects">Subjects</a> <a href="/rulebook">Rulebook</a>
        {{#signedIn}}<form method="post" action="/sign-out"><button class="link">Sign out ({{signedIn}})</button></form>{{/signedIn}}
        {{^signedIn}}<a href="/sign-in">Sign in</a>{{/signedIn}}</nav>
        </header>
        <main id="content">
        {{$content}}{{/content}}
        </main>
        <footer><p>Nothing here watches anybody: the node records what people enter or import. The rules are public, and every score
        can be explained, appealed, corrected and erased.</p></footer>
        </body>
        </html>
        """#

    private static let dashboard = #"""
        {{<layout}}{{$content}}
        <h1>{{heading}}</h1>
        <div id="live" data-stream="/live">{{>live}}</div>
        <p id="connection" role="status"></p>
        <section aria-labelledby="scores"><h2 id="scores">Scores and tiers on {{day}}</h2>
        <form method="get"><label>Another day <input type="date" name="day" value="{{day}}"></label> <button>Show</button></form>
        {{#hasSubjects}}
        <figure>{{{histogram}}}<figcaption>How many of {{subjects}} subjects have which score{{#rounded}}; counts are rounded down to
        fives, so that nobody is told{{/rounded}}.</figcaption></figure>
        <table><caption>Tiers</caption><thead><tr><th scope="col">Tier</th><th scope="col" class="n">from</th>
        <th scope="col" class="n">subjects</th><th scope="col">what it brings</th></tr></thead>
        <tbody>{{#tiers}}<tr><th scope="row">{{tier}}</th><td class="n">{{from}}</td><td class="n">{{subjects}}</td>
        <td>{{brings}}</td></tr>{{/tiers}}</tbody></table>
        {{#course}}<div class="pair"><figure>{{{tiers}}}<figcaption>The share of each tier, from the rulebook's first day to
        {{day}}; of a large population, in a sample of 4,000.</figcaption></figure>
        <figure>{{{scores}}}<figcaption>The scores of the same: half are below the line, eight of ten in the band.</figcaption></figure></div>{{/course}}
        {{/hasSubjects}}{{^hasSubjects}}{{#underWay}}<p role="status">The standings of this day are being computed: this page looks again
        by itself.</p>{{/underWay}}{{^underWay}}<p>Nobody is in the standings of this day.</p>{{/underWay}}{{/hasSubjects}}
        </section>
        <section aria-labelledby="resync"><h2 id="resync">Resync</h2>
        <p>Compares what is stored with what is signed, and fetches what is damaged or missing from the peers.</p>
        {{#mayOperate}}<p><button id="resync-start" data-start="/v1/resyncs">Start a resync</button>
        <progress id="resync-progress" max="100" value="0" hidden aria-label="Progress of the resync"></progress></p>
        <p id="resync-outcome" role="status"></p>{{/mayOperate}}
        {{^mayOperate}}<p><a href="/sign-in">Sign in</a> with an operator's token to start one here, or run
        <code>concord resync</code>.</p>{{/mayOperate}}
        </section>
        {{/content}}{{/layout}}
        """#

    private static let live = #"""
        <section aria-labelledby="now"><h2 id="now">Now <small>{{time}}</small></h2>
        {{#todo}}<div class="notice {{level}}"><p><strong>{{what}}</strong></p><p>{{next}}</p></div>{{/todo}}
        {{^todo}}<p class="good">Nothing needs doing: this node takes and publishes events, and lacks nothing.</p>{{/todo}}
        <div class="pair"><figure>{{{picture}}}<figcaption>The federation from here. Lines of this node are solid where the link is
        open; a number is what this node lacks of that log.</figcaption></figure>
        <figure>{{{rates}}}<figcaption><strong id="rate">{{rate}}</strong> events a second now; the last hour
        above.</figcaption></figure></div>
        </section>
        <section aria-labelledby="frontier"><h2 id="frontier">Frontier</h2>
        <div class="wide" tabindex="0" role="group" aria-labelledby="frontier"><table><caption>What is held of each log, and what each linked peer shows of it</caption>
        <thead><tr><th scope="col">log</th><th scope="col" class="n">held</th><th scope="col" class="n">published</th>
        <th scope="col" class="n">in scores</th><th scope="col" class="n">newest</th><th scope="col" class="n">lacking</th>
        <th scope="col" class="n">for</th>{{#peers}}<th scope="col" class="n">{{.}}</th>{{/peers}}</tr></thead>
        <tbody>{{#logs}}<tr><th scope="row">{{name}} <small>{{remark}}</small></th><td class="n">{{held}}</td><td class="n">{{published}}</td>
        <td class="n">{{folded}}</td><td class="n">{{newest}}</td><td class="n {{level}}">{{lag}}</td><td class="n">{{for}}</td>
        {{#sizes}}<td class="n">{{.}}</td>{{/sizes}}</tr>{{/logs}}</tbody></table></div>
        </section>
        <section aria-labelledby="agreement"><h2 id="agreement">Agreement</h2>
        {{#hasCuts}}<div class="wide" tabindex="0" role="group" aria-labelledby="agreement"><table><caption>Who attests which standings root for which cut; the newest first</caption>
        <thead><tr><th scope="col">cut</th>{{#nodes}}<th scope="col">{{.}}</th>{{/nodes}}<th scope="col">all agree</th></tr></thead>
        <tbody>{{#cuts}}<tr><th scope="row"><a href="/v1/cuts/{{hash}}">{{day}}</a> <small>{{at}}</small></th>{{#roots}}<td class="{{level}}"><code>{{root}}</code></td>{{/roots}}
        <td class="{{level}}">{{verdict}}</td></tr>{{/cuts}}</tbody></table></div>{{/hasCuts}}
        {{^hasCuts}}<p>No cut has been attested yet: <code>concord converge</code> proposes one.</p>{{/hasCuts}}
        </section>
        """#

    private static let subject = #"""
        {{<layout}}{{$content}}
        <h1>Subject <code>{{subject}}</code></h1>
        {{#standing}}<p class="score"><strong>{{score}}</strong> on {{day}}, tier {{tier}}</p>{{/standing}}
        {{^standing}}<p class="score">Not in the standings of {{day}}</p>{{/standing}}
        <form method="get"><label>Another day <input type="date" name="day" value="{{day}}"></label> <button>Show</button></form>
        {{#plot}}<figure>{{{plot}}}<figcaption>The score over time; dots are observations, upwards for plus and downwards for minus
        points.</figcaption></figure>{{/plot}}
        <section aria-labelledby="why"><h2 id="why">Why</h2>
        <div class="wide" tabindex="0" role="group" aria-labelledby="why"><table><caption>Every entry about this subject; the points add up to the score. The
        names of entries stand behind {{federation}}/</caption>
        <thead><tr><th scope="col">what</th><th scope="col">day</th><th scope="col" class="n">points</th><th scope="col">what became of it</th>
        <th scope="col">entry</th></tr></thead>
        <tbody><tr><th scope="row">what everybody begins with</th><td></td><td class="n">{{base}}</td><td></td><td></td></tr>
        {{#entries}}<tr class="{{class}}"><th scope="row">{{what}}</th><td class="day">{{day}}</td><td class="n">{{points}}</td>
        <td>{{fate}}</td><td><code>{{position}}</code></td></tr>{{/entries}}
        {{#others}}<tr><th scope="row">{{name}}: {{what}}</th><td></td><td class="n">{{points}}</td><td></td><td></td></tr>{{/others}}</tbody>
        <tfoot><tr><th scope="row" colspan="2">Score</th><td class="n" id="total">{{total}}</td><td colspan="2"></td></tr></tfoot></table></div>
        {{#later}}<details><summary>{{count}} later than {{day}}, which do not count yet on it</summary>
        <div class="wide" tabindex="0" role="group" aria-label="What is later"><table><thead><tr><th scope="col">what</th><th scope="col">day</th>
        <th scope="col">entry</th></tr></thead><tbody>{{#entries}}<tr class="{{class}}"><th scope="row">{{what}}</th><td class="day">{{day}}</td>
        <td><code>{{position}}</code></td></tr>{{/entries}}</tbody></table></div></details>{{/later}}
        </section>
        <section aria-labelledby="tiers"><h2 id="tiers">What each tier brings</h2>
        <table><thead><tr><th scope="col">tier</th><th scope="col" class="n">from</th><th scope="col">what it brings</th></tr></thead>
        <tbody>{{#tiers}}<tr{{#own}} class="own"{{/own}}><th scope="row">{{tier}}</th><td class="n">{{from}}</td><td>{{brings}}</td></tr>{{/tiers}}</tbody></table>
        </section>
        <section aria-labelledby="appeal"><h2 id="appeal">If an entry is wrong</h2>
        <p>Anybody may appeal against an entry about them. The city that recorded it, or the authority, records the appeal; from then on
        the entry counts for nothing until the authority has ruled. ENTRY is its name in the table:</p>
        <p><code>concord appeal {{federation}}/ENTRY --subject {{subject}} --reason "what is wrong"</code></p>
        <p>A city takes back what it recorded in error with <code>concord retract {{federation}}/ENTRY --subject {{subject}}</code>, and
        erases what an entry says on request with <code>concord erase {{federation}}/ENTRY --ground request</code>.</p>
        </section>
        <section aria-labelledby="reads"><h2 id="reads">Who read this</h2>
        <table><caption>The newest readings of this score at this node, of {{readsTotal}}</caption><thead><tr><th scope="col">when (UTC)</th>
        <th scope="col">what</th><th scope="col">who</th></tr></thead>
        <tbody>{{#reads}}<tr><td>{{at}}</td><td>{{what}}</td><td>{{reader}}</td></tr>{{/reads}}</tbody></table>
        </section>
        {{/content}}{{/layout}}
        """#

    private static let rulebook = #"""
        {{<layout}}{{$content}}
        <h1>{{heading}}</h1>
        <p>{{purpose}}</p>
        <p>Everybody begins with {{base}} points on {{start}}; no score is below {{minimum}} or above {{maximum}}. Nothing else decides a
        score. The <a href="/v1/rulebook">file itself</a> has the SHA-256 <code>{{hash}}</code>, which every attestation names.</p>
        <section aria-labelledby="factors"><h2 id="factors">What gives and takes points</h2>
        <div class="wide" tabindex="0" role="group" aria-labelledby="factors"><table><thead><tr><th scope="col">what</th><th scope="col">realm</th><th scope="col" class="n">points each</th>
        <th scope="col">limits</th>{{#hasReactions}}<th scope="col" class="n">touches</th><th scope="col" class="n">moves the mean by</th>{{/hasReactions}}</tr></thead>
        <tbody>{{#factors}}<tr><th scope="row">{{title}}<br><code>{{code}}</code></th><td>{{realm}}</td><td class="n {{class}}">{{points}}</td>
        <td>{{limits}}</td>{{#hasReactions}}<td class="n">{{touches}}</td><td class="n">{{moves}}</td>{{/hasReactions}}</tr>{{/factors}}</tbody></table></div>
        {{#hasReactions}}<p>The last columns say how the population reacts to each rule on {{day}}: how many of {{sample}} subjects have another score
        because of it, and what it does to the mean score, found by scoring them again without it.</p>{{/hasReactions}}
        {{^hasReactions}}<p role="status">How the population's score reacts to each rule is being computed: this page looks again by
        itself.</p>{{/hasReactions}}
        </section>
        <section aria-labelledby="words"><h2 id="words">In words</h2>
        {{#words}}{{#part}}<h3>{{part}}</h3>{{/part}}<ul>{{#lines}}<li>{{.}}</li>{{/lines}}</ul>{{/words}}</section>
        {{/content}}{{/layout}}
        """#

    private static let signIn = #"""
        {{<layout}}{{$content}}
        <h1>Sign in</h1>
        {{#wrong}}<p class="notice bad" role="alert">{{wrong}}</p>{{/wrong}}
        <p>What concerns a single subject needs a token. Whoever runs this node makes one with
        <code>concord tokens make NAME --role reader</code>. Every reading is taken down with the token's name.</p>
        <form method="post" action="/sign-in"><label>Token <input type="password" name="token" autocomplete="off" required
        size="40"></label> <input type="hidden" name="then" value="{{then}}"> <button>Sign in</button></form>
        {{/content}}{{/layout}}
        """#

    private static let message = #"""
        {{<layout}}{{$content}}
        <h1>{{heading}}</h1>
        {{#text}}<p>{{text}}</p>{{/text}}
        {{#search}}<form method="get" action="/subjects"><label>Subject <input name="subject" pattern="[0-9a-fA-F]{32}" required size="34"
        placeholder="32 hexadecimal digits"></label> <button>Show</button></form>{{/search}}
        {{/content}}{{/layout}}
        """#
}
