import { type Check, reconcile } from './checks.js'
import { bar, columns, cyan, dim, green, heading, print, red } from './terminal.js'
import { type TokenUse, tokenUses } from './token-use.js'
import type { Run, Upstream } from './traffic.js'

/** Prints what happened, all of it from the partners' records, and returns whether it adds up. */
export function account(run: Run): boolean {
  const hotels = tokenUses(run.hotels, run.signer)
  const air = tokenUses(run.air, run.signer)

  heading('What the three recorded')
  for (const line of summary(run, hotels, air)) print(line)

  heading('Token by token, in seconds')
  for (const line of timeline(run, hotels, air)) print(line)

  heading('Does it add up?')
  const checks = reconcile(run, hotels, air)
  for (const check of checks) print(checkLine(check))
  return checks.every(({ holds }) => holds)
}

function checkLine({ holds, says }: Check): string {
  return `  ${holds ? green('✓') : red('✗')} ${says}`
}

function summary(
  { hotels, air, weather }: Run,
  hotelsUses: readonly TokenUse[],
  airUses: readonly TokenUse[],
): string[] {
  const names = ['', '', 'calls', '200', '401', 'tokens', 'refreshes', 'answered meanwhile']
  const row = ({ name, server }: Upstream, role: string) => [
    cyan(name),
    role,
    String(server.requests.length),
    String(server.requests.filter(({ status }) => status === 200).length),
    String(server.requests.filter(({ status }) => status === 401).length),
    String(server.tokens.length),
  ]
  const partners = [
    { upstream: hotels, uses: hotelsUses },
    { upstream: air, uses: airUses },
  ].map(({ upstream, uses }) => [
    ...row(upstream, `partner (${upstream.server.profile})`),
    String(uses.length - 1),
    String(uses.reduce((calls, use) => calls + use.answeredMeanwhile, 0)),
  ])
  return columns([names.map(dim), ...partners, row(weather, 'stranger')], [2, 3, 4, 5, 6, 7])
}

function timeline(
  run: Run,
  hotelsUses: readonly TokenUse[],
  airUses: readonly TokenUse[],
): string[] {
  const names = ['', 'token', 'calls', 'first', 'last', 'expires', 'in use']
  const since = (time: number) => time - run.startedAt
  const rows = [
    { name: run.hotels.name, uses: hotelsUses },
    { name: run.air.name, uses: airUses },
  ].flatMap(({ name, uses }) =>
    uses.map(({ calls, firstAt, lastAt, expiresAt }, index) => [
      index === 0 ? cyan(name) : '',
      `#${index + 1}`,
      String(calls),
      since(firstAt).toFixed(1),
      since(lastAt).toFixed(1),
      since(expiresAt).toFixed(1),
      green(bar(since(firstAt), since(lastAt), since(run.endedAt))),
    ]),
  )
  return columns([names.map(dim), ...rows], [2, 3, 4, 5])
}
