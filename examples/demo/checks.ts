import type { RecordingSigner } from './signer.js'
import { isSigned, type TokenUse } from './token-use.js'
import { endUserAuthorization, type Run, type Upstream } from './traffic.js'

/** Something that has to be true of a run, in words and with the numbers found. */
export interface Check {
  readonly holds: boolean
  readonly says: string
}

/** Holds the partners' records against each other, and against what the service counted. */
export function reconcile(
  run: Run,
  hotelsUses: readonly TokenUse[],
  airUses: readonly TokenUse[],
): Check[] {
  const { hotels, air, weather, answers, signer } = run
  const ofPartner = (check: (partner: Upstream, uses: readonly TokenUse[]) => Check) => [
    check(hotels, hotelsUses),
    check(air, airUses),
  ]
  return [
    allAnswered(answers),
    ...[hotels, air, weather].map((upstream) => sameCount(upstream, answers.length)),
    ...ofPartner(noneRefused),
    ...ofPartner(rightlyAddressed),
    noneShared(hotelsUses, airUses),
    ...ofPartner((partner, uses) => allSignedHere(partner, uses, signer)),
    ...ofPartner((partner, uses) => refreshed(partner, uses, run.endedAt - run.startedAt)),
    ...ofPartner(refreshedBehindTraffic),
    strangerGotNothing(weather),
    nothingForwarded([hotels, air, weather]),
  ]
}

function allAnswered(answers: readonly number[]): Check {
  const good = answers.filter((status) => status === 200).length
  return {
    holds: answers.length > 0 && good === answers.length,
    says: `service: ${answers.length} requests, ${good} answered 200`,
  }
}

function sameCount({ name, server, calls }: Upstream, inbound: number): Check {
  const received = server.requests.length
  const answered = server.requests.filter(({ status }) => status === 200).length
  const counted = calls.get(200) ?? 0
  const countedInAll = [...calls.values()].reduce((total, count) => total + count, 0)
  return {
    holds: received === inbound && countedInAll === inbound && counted === answered,
    says: `${name}: ${received} calls received and ${answered} answered 200; the service counted ${countedInAll} and ${counted}`,
  }
}

function noneRefused({ name, server }: Upstream): Check {
  return {
    holds: server.refusedCount === 0 && server.acceptedCount === server.requests.length,
    says: `${name}: ${server.acceptedCount} calls accepted by its rules, ${server.refusedCount} refused`,
  }
}

function rightlyAddressed({ name, server, expected }: Upstream): Check {
  const right = server.requests.filter(
    ({ claims }) => claims?.aud === server.did && claims?.iss === expected?.issuer,
  ).length
  return {
    holds: right === server.requests.length,
    says: `${name}: ${right} calls with a token that names it alone, and us in its form of DID`,
  }
}

function noneShared(hotels: readonly TokenUse[], air: readonly TokenUse[]): Check {
  const shared = hotels.filter(({ token }) => air.some((other) => other.token === token)).length
  return { holds: shared === 0, says: `hotels and air: ${shared} tokens seen by both` }
}

function allSignedHere(
  { name, server }: Upstream,
  uses: readonly TokenUse[],
  { signatures }: RecordingSigner,
): Check {
  const signed = signatures.filter(({ audience }) => audience === server.did)
  const unused = signed.filter(({ input }) => !uses.some(({ token }) => isSigned(token, input)))
  const strange = uses.filter(({ signature }) => signature === undefined).length
  // The successor signed behind the very last calls may have had no call of its own
  const inHand = unused.length > 0 ? `, ${unused.length} in hand for the next call` : ''
  return {
    holds: strange === 0 && signed.length === uses.length + unused.length && unused.length <= 1,
    says: `${name}: ${signed.length} tokens signed here, ${uses.length} seen there${inHand}`,
  }
}

function refreshed(
  { name, expected }: Upstream,
  uses: readonly TokenUse[],
  seconds: number,
): Check {
  const lifetime = expected?.lifetime ?? Infinity
  return {
    holds: seconds > 2 * lifetime && uses.length > seconds / lifetime,
    says: `${name}: ${uses.length - 1} refreshes in ${seconds.toFixed(1)} s, with tokens that live ${lifetime} s`,
  }
}

function refreshedBehindTraffic({ name }: Upstream, uses: readonly TokenUse[]): Check {
  const refreshes = uses.length - 1
  const behind = uses.filter(({ answeredMeanwhile }) => answeredMeanwhile > 0).length
  const calls = uses.reduce((total, { answeredMeanwhile }) => total + answeredMeanwhile, 0)
  // Tokens that live seconds leave a refresh little room: now and then one comes too late
  const waitedFor = behind < refreshes ? `, ${refreshes - behind} waited for` : ''
  return {
    holds: behind > 0,
    says: `${name}: ${behind} of ${refreshes} refreshes behind traffic, with ${calls} calls answered meanwhile${waitedFor}`,
  }
}

function strangerGotNothing({ name, server }: Upstream): Check {
  const leaks = server.requests.filter(({ authorization }) => authorization !== undefined).length
  return {
    holds: server.requests.length > 0 && leaks === 0,
    says: `${name}, the stranger: ${server.requests.length} calls, ${leaks} with an Authorization header`,
  }
}

function nothingForwarded(upstreams: readonly Upstream[]): Check {
  const forwarded = upstreams
    .flatMap(({ server }) => server.requests)
    .filter(({ authorization }) => authorization === endUserAuthorization).length
  return {
    holds: forwarded === 0,
    says: `end users: the Authorization they send to the service was passed on ${forwarded} times`,
  }
}
