import { inspect } from 'node:util'

/**
 * All that a value shows: to loggers, to inspectors, to serialisers, and to whoever walks over its
 * enumerable properties.
 */
export function shownBy(value: unknown): string {
  const depth = Number.POSITIVE_INFINITY
  return [
    ...reachable(value),
    inspect(value, { depth, maxStringLength: null, maxArrayLength: null }),
    attempt(() => JSON.stringify(value)),
    attempt(() => inspect(structuredClone(value), { depth })),
    String((value as Error | undefined)?.stack),
  ].join('\n')
}

/** The parts of a JWT that are secret, or lead to it. */
export function secretParts(authorization: string): string[] {
  const [, payload, signature] = authorization.split('.') as [string, string, string]
  return [payload.slice(0, 40), payload.slice(-40), signature.slice(0, 20), signature.slice(-20)]
}

/** Streams and functions are no JSON, and cannot be cloned. */
function attempt(serialise: () => string | undefined): string {
  try {
    return String(serialise())
  } catch (error) {
    return String(error)
  }
}

/** Every string that can be reached over enumerable properties, errors' own ones included. */
export function reachable(root: unknown): string[] {
  const seen = new Set<unknown>()
  const found: string[] = []
  const queue: unknown[] = [root]
  while (queue.length > 0) {
    const value = queue.pop()
    if (typeof value === 'string') found.push(value)
    if (value instanceof Uint8Array) found.push(Buffer.from(value).toString('latin1'))
    const isObject = typeof value === 'object' || typeof value === 'function'
    if (!isObject || value === null || seen.has(value)) continue
    seen.add(value)
    if (value instanceof Map) queue.push(...value.keys(), ...value.values())
    if (value instanceof Set) queue.push(...value)
    if (value instanceof Error) queue.push(value.message, value.stack, value.cause)
    if (value instanceof AggregateError) queue.push(...value.errors)
    for (const key of Reflect.ownKeys(value)) {
      const descriptor = Object.getOwnPropertyDescriptor(value, key)
      if (!descriptor?.enumerable || !('value' in descriptor)) continue
      found.push(String(key))
      queue.push(descriptor.value)
    }
  }
  return found
}
