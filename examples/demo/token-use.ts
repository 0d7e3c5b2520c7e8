import type { RecordedRequest } from 'orgid-bearer/testing'
import type { RecordingSigner, Signature } from './signer.js'
import type { Upstream } from './traffic.js'

/** What became of one token, by the partner's record. Times are epoch seconds. */
export interface TokenUse {
  readonly token: string
  readonly calls: number
  readonly firstAt: number
  readonly lastAt: number
  readonly expiresAt: number
  /** Undefined if it was not signed here, which would be a fault. */
  readonly signature: Signature | undefined
  /** Calls answered with the token before it, while this one was being signed. */
  readonly answeredMeanwhile: number
}

/** The tokens that a partner has seen, in order. */
export function tokenUses({ server }: Upstream, signer: RecordingSigner): TokenUse[] {
  return server.tokens.map((token) => {
    const calls = server.requests.filter((request) => request.token === token)
    const signature = signer.signatures.find(({ input }) => isSigned(token, input))
    const meanwhile = server.requests.filter(
      (request) =>
        request.token !== token && request.status === 200 && arrivedDuring(request, signature),
    )
    return {
      token,
      calls: calls.length,
      firstAt: Number(calls[0]?.receivedAt),
      lastAt: Number(calls.at(-1)?.receivedAt),
      expiresAt: Number(calls[0]?.claims?.exp),
      signature,
      answeredMeanwhile: meanwhile.length,
    }
  })
}

/** Whether a token is what came of signing `input`. */
export function isSigned(token: string, input: string): boolean {
  return token.slice(0, token.lastIndexOf('.')) === input
}

function arrivedDuring({ receivedAt }: RecordedRequest, signature: Signature | undefined): boolean {
  if (signature === undefined) return false
  return receivedAt >= signature.startedAt && receivedAt <= (signature.finishedAt ?? Infinity)
}
