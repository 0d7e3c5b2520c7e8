import {
  type Attributes,
  type Meter,
  type MeterProvider,
  metrics,
  type Span,
  SpanStatusCode,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import { isOrgidAuthError } from './errors.js'
import { type MintEvent, mints, type OrgidEvents, onEvent } from './events.js'

/** Where to report to, instead of the global providers. */
export interface InstrumentOptions {
  readonly meterProvider?: MeterProvider
  readonly tracerProvider?: TracerProvider
}

const scope = 'orgid-bearer'

/**
 * Reports to OpenTelemetry what the auths of this process do. Call it once, after the SDK has been
 * started.
 *
 * Counters, with the attributes in parentheses: `orgid_bearer.mints` (partner, outcome),
 * `orgid_bearer.misses` (partner), `orgid_bearer.refreshes` (partner, reason),
 * `orgid_bearer.unauthorized` (partner), `orgid_bearer.retries` (partner), `orgid_bearer.refused`
 * (code), `orgid_bearer.signer.failures` (partner, code), `orgid_bearer.store.failures`
 * (operation, reason), `orgid_bearer.key.activations`, `orgid_bearer.fallbacks` (partner).
 * Histograms in seconds: `orgid_bearer.mint.duration` (partner, outcome),
 * `orgid_bearer.token.remaining` (partner, reason), the life that a token still had when it was
 * replaced. A gauge in seconds: `orgid_bearer.clock.offset` (partner).
 *
 * `partner` is a configured name; from the 200th on it is `other`, so that what is stored of it is
 * bounded. A span `orgid-bearer mint` surrounds each mint, as a child of the span in which the
 * token was asked for.
 *
 * @returns ends it.
 */
export function instrument(options: InstrumentOptions = {}): () => void {
  const meter = (options.meterProvider ?? metrics).getMeter(scope)
  const tracer = (options.tracerProvider ?? trace).getTracer(scope)
  const partnerOf = bounded(200)
  const ends = [
    ...countEvents(meter, partnerOf),
    measureEvents(meter, partnerOf),
    followMints(meter, tracer, partnerOf),
  ]
  return () => {
    for (const end of ends) end()
  }
}

type Bounded = (name: string) => string

/** The first names are told apart, and all further ones are `other`. */
function bounded(most: number): Bounded {
  const known = new Set<string>()
  return (name) => {
    if (!known.has(name) && known.size >= most) return 'other'
    known.add(name)
    return name
  }
}

function countEvents(meter: Meter, partnerOf: Bounded): readonly (() => void)[] {
  const count = <Name extends keyof OrgidEvents>(
    event: Name,
    name: string,
    description: string,
    attributes: (event: OrgidEvents[Name]) => Attributes,
  ) => {
    const counter = meter.createCounter(`orgid_bearer.${name}`, { description })
    return onEvent(event, (message) => counter.add(1, attributes(message)))
  }
  const ofPartner = ({ partner }: { readonly partner: string }) => ({ partner: partnerOf(partner) })
  return [
    count('orgid-bearer:miss', 'misses', 'calls that found no usable token', ofPartner),
    count('orgid-bearer:refresh', 'refreshes', 'tokens replaced', ({ reason, ...event }) => ({
      ...ofPartner(event),
      reason,
    })),
    count('orgid-bearer:refused', 'refused', 'calls refused here', ({ error }) => ({
      code: error.code,
    })),
    count('orgid-bearer:unauthorized', 'unauthorized', '401s to our tokens', ofPartner),
    count('orgid-bearer:retried', 'retries', 'calls made once more', ofPartner),
    count('orgid-bearer:signer-failed', 'signer.failures', 'signatures not had', (event) => ({
      ...ofPartner(event),
      code: event.error.code,
    })),
    count(
      'orgid-bearer:store-failed',
      'store.failures',
      'failures of the shared store',
      (event) => ({
        operation: event.operation,
        reason: event.reason,
      }),
    ),
    count('orgid-bearer:key-activated', 'key.activations', 'keys that began to sign', () => ({})),
    count('orgid-bearer:fallback', 'fallbacks', 'changes of key for one partner', ofPartner),
  ]
}

function measureEvents(meter: Meter, partnerOf: Bounded): () => void {
  const remaining = meter.createHistogram('orgid_bearer.token.remaining', {
    unit: 's',
    description: 'life that a token still had when it was replaced',
  })
  const offset = meter.createGauge('orgid_bearer.clock.offset', {
    unit: 's',
    description: "by how much a partner's clock is ahead of ours",
  })
  const ends = [
    onEvent('orgid-bearer:refresh', (event) =>
      remaining.record(event.remaining, {
        partner: partnerOf(event.partner),
        reason: event.reason,
      }),
    ),
    onEvent('orgid-bearer:skew', (event) =>
      offset.record(event.offset, { partner: partnerOf(event.partner) }),
    ),
  ]
  return () => {
    for (const end of ends) end()
  }
}

/** A mint that is under way. */
interface Running {
  readonly span: Span
  /** Milliseconds, monotonic. */
  readonly startedAt: number
}

/** Spans and durations of mints, which may be over when asked for, or later. */
function followMints(meter: Meter, tracer: Tracer, partnerOf: Bounded): () => void {
  const counter = meter.createCounter('orgid_bearer.mints', { description: 'tokens minted' })
  const duration = meter.createHistogram('orgid_bearer.mint.duration', {
    unit: 's',
    description: 'time until a token was signed',
    advice: { explicitBucketBoundaries: [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5] },
  })
  const running = new WeakMap<MintEvent, Running>()

  const start = (event: MintEvent) => {
    const { partner, keyId, audience } = event
    const attributes = {
      'orgid.partner': partner,
      'orgid.key_id': keyId,
      'orgid.audience': audience,
    }
    const span = tracer.startSpan('orgid-bearer mint', { attributes })
    running.set(event, { span, startedAt: performance.now() })
  }
  const finish = (event: MintEvent) => {
    const found = running.get(event)
    if (found === undefined || (event.token === undefined && event.error === undefined)) return
    running.delete(event)
    const { span, startedAt } = found
    const outcome = event.error === undefined ? 'ok' : 'error'
    const attributes = { partner: partnerOf(event.partner), outcome }
    counter.add(1, attributes)
    duration.record((performance.now() - startedAt) / 1_000, attributes)
    if (event.error !== undefined) fail(span, event.error)
    span.end()
  }

  const subscribers = {
    start,
    end: finish,
    asyncStart: () => {},
    asyncEnd: finish,
    error: () => {},
  }
  mints.subscribe(subscribers)
  return () => mints.unsubscribe(subscribers)
}

function fail(span: Span, error: unknown): void {
  const code = isOrgidAuthError(error) ? error.code : '_OTHER'
  span.setAttribute('error.type', code)
  span.setStatus({ code: SpanStatusCode.ERROR, message: code })
}
