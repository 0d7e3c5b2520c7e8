import { shortDid } from '../did.js'
import type { KeyStatus } from '../interface.js'
import { moment, relative, span } from '../words.js'
import type { PartnerReport, Refusal, StatusReport, TokenLife } from './report.js'
import { style } from './style.js'

/** A report as a page of its own: no script, and nothing that is loaded. */
export function toHtml(report: StatusReport): string {
  const { now, partners, keys, rates } = report
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>ORGiD tokens</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>ORGiD tokens</h1>
<p>As of ${moment(now)}. ${rateWords(rates)}</p>
</header>
<main>
<section aria-labelledby="partners">
<h2 id="partners">Partners</h2>
${partners.length === 0 ? '<p>No partner is configured.</p>' : partners.map((partner) => partnerCard(partner, now)).join('\n')}
</section>
<section aria-labelledby="keys">
<h2 id="keys">Keys</h2>
${keysTable(keys, now)}
</section>
</main>
<footer><p>A token is <span class="key fresh">fresh</span> first, then <span class="key stale">renewed behind the next call</span> that needs it. The line is now.</p></footer>
</body>
</html>
`
}

function rateWords({ seconds, mints, refreshes, unauthorized }: StatusReport['rates']): string {
  const window = seconds >= 3_600 ? 'In the last hour' : `In the last ${span(seconds)}`
  return `${window}: ${counted(mints, 'token')} signed, ${counted(refreshes, 'token')} replaced, and ${counted(unauthorized, 'call')} answered 401.`
}

function refusalWords({ at, keyId }: Refusal, now: number): string {
  return `It answered 401 ${relative(at, now)} to a token of <code>#${escapeHtml(keyId)}</code>.`
}

function partnerCard(partner: PartnerReport, now: number): string {
  const { name, did, keyId, tokens, clockOffset, lastError, lastRefusal, lives, fallback } = partner
  const trouble = [
    ...(lastError === undefined
      ? []
      : [
          `<p class="bad">No token could be minted ${relative(lastError.at, now)}: <code>${escapeHtml(lastError.code)}</code>.</p>`,
        ]),
    ...(fallback === undefined
      ? []
      : [
          `<p class="warn">It refuses tokens of the key <code>#${escapeHtml(fallback.from)}</code>, and gets those of <code>#${escapeHtml(fallback.to)}</code>, for ${span(Math.max(1, now - fallback.since))} now; the new one is tried again ${relative(fallback.retryAt, now)}.</p>`,
        ]),
    ...(lastRefusal?.remedy === undefined
      ? []
      : [
          `<p class="warn">${refusalWords(lastRefusal, now)} ${escapeHtml(lastRefusal.remedy)}</p>`,
        ]),
  ]
  const healed =
    lastRefusal?.acceptedSince === true
      ? `<p>${refusalWords(lastRefusal, now)} It has accepted one since.</p>`
      : ''
  const state =
    lastError !== undefined && tokens === 0 ? 'bad' : trouble.length > 0 ? 'warn' : 'good'
  const words = { good: 'well', warn: 'look at it', bad: 'no token' }[state]
  return `<article aria-labelledby="${id(name)}">
<h3 id="${id(name)}">${escapeHtml(name)} <span class="state ${state}">${words}</span></h3>
<dl>
<div><dt>DID</dt><dd><code>${escapeHtml(did)}</code></dd></div>
<div><dt>signed with</dt><dd>${keyId === undefined ? 'no active key' : `<code>#${escapeHtml(keyId)}</code>`}</dd></div>
<div><dt>clock</dt><dd>${clockWords(clockOffset)}</dd></div>
</dl>
${trouble.join('\n')}${healed}
${lives.length === 0 ? '<p>No token at the moment: the next call gets a new one.</p>' : livesTable(name, tokens, lives, now)}
</article>`
}

function clockWords(offset: number): string {
  if (offset === 0) return 'taken to be ours'
  return `${span(Math.abs(offset))} ${offset > 0 ? 'ahead of' : 'behind'} ours`
}

function livesTable(
  partner: string,
  tokens: number,
  lives: readonly TokenLife[],
  now: number,
): string {
  const rows = lives.map((life) => {
    const { audience, keyId, scope, issuedAt, freshUntil, expiresAt } = life
    return `<tr><td><code title="${escapeHtml(audience)}">${escapeHtml(shortDid(audience))}</code>${scope === undefined ? '' : ` ${escapeHtml(scope.join(' '))}`}</td><td><code>#${escapeHtml(keyId)}</code></td><td>${relative(issuedAt, now)}</td><td>${relative(freshUntil, now)}</td><td>${relative(expiresAt, now)}</td><td>${timeline(life, now)}</td></tr>`
  })
  const more = tokens > lives.length ? `<p>And ${tokens - lives.length} more.</p>` : ''
  // Keyboards reach what does not fit, by scrolling the region
  return `<div class="wide" role="region" tabindex="0" aria-label="Tokens of ${escapeHtml(partner)}"><table>
<thead><tr><th scope="col">for</th><th scope="col">key</th><th scope="col">issued</th><th scope="col">fresh until</th><th scope="col">expires</th><th scope="col">life</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table></div>${more}`
}

/** A bar from `iat` to `exp`, with now on it. Its words stand in the cells before it. */
function timeline({ issuedAt, freshUntil, expiresAt }: TokenLife, now: number): string {
  const at = (moment: number) =>
    Math.min(100, Math.max(0, (100 * (moment - issuedAt)) / (expiresAt - issuedAt))).toFixed(1)
  return `<svg class="life" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="stale" width="100" height="10"/><rect class="fresh" width="${at(freshUntil)}" height="10"/><rect class="now" x="${at(now)}" width="0.8" height="10"/></svg>`
}

function keysTable(keys: readonly KeyStatus[], now: number): string {
  const rows = keys.map(({ id: key, active, activeFrom }) => {
    const waits = activeFrom !== undefined && activeFrom > now
    const state = active
      ? 'signs'
      : waits
        ? `signs ${relative(activeFrom, now)}`
        : 'kept: the key before'
    return `<tr><td><code>#${escapeHtml(key)}</code></td><td>${state}</td><td>${activeFrom === undefined ? 'from the start' : moment(activeFrom)}</td></tr>`
  })
  return `<div class="wide" role="region" tabindex="0" aria-label="Table of keys"><table>
<thead><tr><th scope="col">key</th><th scope="col">state</th><th scope="col">active from</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table></div>`
}

/** Names may be any text; an id is made of what is surely one. */
function id(name: string): string {
  return `partner-${Buffer.from(name).toString('hex')}`
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] as string)
}
