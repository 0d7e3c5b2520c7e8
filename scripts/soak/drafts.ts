import type { Answer, Call, Ending, Hop } from './call.js'
import type { CallFault, Kind } from './faults.js'
import type { Place, Places } from './places.js'
import type { Random } from './random.js'
import type { Manner } from './signer.js'
import type { Transport } from './transports.js'

/** A call as it is thought out, before it has its number. */
export interface Draft {
  readonly kind: Kind
  readonly hops: readonly Hop[]
  readonly method?: Call['method']
  readonly body?: Call['body']
  /** Whose token: the partner's plain one, one that others use as well, or the call's own. */
  readonly token: 'plain' | 'shared' | 'shared, at once' | 'own' | 'skip'
  /** How the signer takes an own token. */
  readonly manner?: Manner
  readonly requests: readonly number[]
  readonly ending: Ending
  readonly abort?: 'before sending' | 'while minting'
}

const aborted: Ending = { error: ['ERR_CANCELED', 'AbortError', 'UND_ERR_ABORTED'] }
const statuses = [301, 302, 303, 307, 308]

export function createDrafts(places: Places, random: Random) {
  const { hotels, air, rail, once, outside, weather, news } = places
  const partners = [hotels, air, rail, once]
  const strangers = [weather, news]

  const at = (place: Place, ...answers: Answer[]): Hop => ({ place, answers })
  const via = (place: Place): Hop => ({
    place,
    answers: ['forward'],
    status: random.pick(statuses),
  })
  const quickly = (): Manner => random.pick(['at once', 'later'])
  const other = (place: Place) => random.pick(partners.filter((one) => one !== place))

  /** A call without any fault. */
  const ordinary = (place: Place): Draft => {
    const isPost = random.chance(0.3)
    return {
      kind: 'none',
      hops: [at(place, 'ok')],
      method: isPost ? 'POST' : 'GET',
      body: isPost ? random.pick(['text', 'stream'] as const) : 'none',
      token: place.token === undefined ? 'plain' : random.pick(['plain', 'plain', 'shared', 'own']),
      manner: quickly(),
      requests: [1],
      ending: { status: 200 },
    }
  }

  /** A 401 is answered to a good token. Text is sent again, but not by every transport. */
  const refused = (kind: Kind, transport: Transport, answers: Answer[], status: number): Draft => {
    const body = random.pick(
      transport.repeatsText ? (['none', 'text'] as const) : ['none' as const],
    )
    return {
      kind,
      hops: [at(random.pick(partners), ...answers)],
      method: body === 'none' ? 'GET' : 'POST',
      body,
      token: 'own',
      manner: quickly(),
      requests: [2],
      ending: { status },
    }
  }

  /** The ways end with 200 where the last hop must have its token, and else with that server's 401. */
  const redirected = (kind: Kind, hops: Hop[], isLastAnswered: boolean): Draft => ({
    kind,
    hops,
    // A token that must be waited for is not at hand for a hop of axios', as documented
    token: kind === 'redirect within a partner' ? 'shared, at once' : 'plain',
    requests: hops.map(() => 1),
    ending: { status: isLastAnswered ? 200 : 401 },
  })

  const failing = (kind: Kind, manner: Manner, code: string): Draft => ({
    kind,
    hops: [at(random.pick(partners), 'ok')],
    token: 'own',
    manner,
    requests: [0],
    ending: { error: [code] },
  })

  const draft = (kind: CallFault, transport: Transport): Draft => {
    const place = random.pick(partners)
    const each = transport.hops === 'each'
    switch (kind) {
      case '401, then accepted':
        return refused(kind, transport, ['refuse', 'ok'], 200)
      case '401 twice':
        return refused(kind, transport, ['refuse'], 401)
      case '401 to a stream':
        return {
          ...refused(kind, transport, ['refuse', 'ok'], 401),
          method: 'POST',
          body: 'stream',
          requests: [1],
        }
      case 'redirect within a partner':
        return redirected(kind, [via(place), at(place, 'ok')], true)
      case 'redirect out of its path prefix':
        return redirected(kind, [via(random.pick([rail, once])), at(outside, 'ok')], false)
      case 'redirect to another partner':
        return redirected(kind, [via(place), at(other(place), 'ok')], each)
      case 'redirect to a stranger':
        return redirected(kind, [via(place), at(random.pick(strangers), 'ok')], true)
      case 'redirect from a stranger':
        return redirected(kind, [via(random.pick(strangers)), at(place, 'ok')], each)
      case 'redirect away and back': {
        // Another partner answers 401 to a hop without token, and that would be the end
        const away = random.pick(each ? [...strangers, other(place)] : strangers)
        return redirected(kind, [via(place), via(away), at(place, 'ok')], each)
      }
      case 'abort before sending':
        return { ...ordinary(place), kind, requests: [0], ending: aborted, abort: 'before sending' }
      case 'abort while minting':
        return {
          ...ordinary(place),
          kind,
          token: 'own',
          manner: random.pick(['later', 'rejects late']),
          requests: [0],
          ending: aborted,
          abort: 'while minting',
        }
      case 'abort while waiting':
        return { ...ordinary(place), kind, hops: [at(place, 'abort')], ending: aborted }
      case 'signer throws':
        return failing(kind, 'throws', 'ERR_SIGNER_FAILED')
      case 'signer rejects':
        return failing(kind, random.pick(['rejects', 'rejects late']), 'ERR_SIGNER_FAILED')
      case 'signer hangs':
        return failing(kind, 'hangs', 'ERR_SIGNER_TIMEOUT')
      case 'connection reset':
        return {
          ...ordinary(place),
          kind,
          hops: [at(place, 'reset')],
          ending: { error: ['ECONNRESET', 'UND_ERR_SOCKET'] },
        }
      case 'slow answer':
        return { ...ordinary(place), kind, hops: [at(place, 'late')] }
      case 'skipped by the call':
        // Without a token, its partner refuses it, and a 401 to no token of ours is not repeated
        return { ...ordinary(place), kind, token: 'skip', ending: { status: 401 } }
    }
  }

  return { ordinary, draft, partners, strangers }
}

export type Drafts = ReturnType<typeof createDrafts>
