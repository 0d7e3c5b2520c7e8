/** What happens to a single call. Each draws one of these, among ordinary calls. */
export const callFaults = [
  '401, then accepted',
  '401 twice',
  '401 to a stream',
  'redirect within a partner',
  'redirect out of its path prefix',
  'redirect to another partner',
  'redirect to a stranger',
  'redirect from a stranger',
  'redirect away and back',
  'abort before sending',
  'abort while minting',
  'abort while waiting',
  'signer throws',
  'signer rejects',
  'signer hangs',
  'connection reset',
  'slow answer',
  'skipped by the call',
] as const

export type CallFault = (typeof callFaults)[number]

/** What happens to an auth between calls. */
const laneFaults = [
  'signer throws behind traffic',
  'signer rejects behind traffic',
  'signer hangs behind traffic',
  'our clock set forward',
  'our clock set back',
  "partner's clock learnt",
] as const

export const faults = [...callFaults, ...laneFaults]
export type Fault = (typeof faults)[number]
export type Kind = Fault | 'none'
