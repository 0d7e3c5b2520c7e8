import { context, trace } from '@opentelemetry/api'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node'
import { createOrgidAuth, localSigner } from 'orgid-bearer'
import { instrument } from 'orgid-bearer/opentelemetry'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { secretParts, shownBy } from './secrets.js'
import { codeOf, did, newKey, settle } from './support.js'
import { standingClock } from './tokens/fleet.js'

const { pem } = newKey()
const issuer = `${did('a')}#webserver`
const hotels = { name: 'hotels', did: did('b'), origin: 'https://api.hotels.example' }
const offers = 'https://api.hotels.example/offers'

const spans = new InMemorySpanExporter()
const tracerProvider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
// Registers the context manager, by which a span knows its parent
beforeAll(() => tracerProvider.register())
afterAll(() => tracerProvider.shutdown())

function measured() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const meterProvider = new MeterProvider({ readers: [reader] })
  const end = instrument({ meterProvider })
  onTestFinished(async () => {
    end()
    await meterProvider.shutdown()
  })
  const points = async (name: string): Promise<MetricData['dataPoints']> => {
    exporter.reset()
    await reader.forceFlush()
    const metrics = exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
    return metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? []
  }
  const counts = async (name: string) =>
    (await points(name)).map(({ attributes, value }) => ({ ...attributes, value }))
  return { counts, points, end }
}

describe('OpenTelemetry', () => {
  it('gets what happens, counted by partner and reason', async () => {
    const { counts, points } = measured()
    const clock = standingClock()
    const auth = createOrgidAuth({
      issuer,
      key: pem,
      partners: [hotels],
      strict: true,
      now: clock.now,
    })
    auth.authorization(offers)
    clock.pass(3_200)
    auth.authorization(offers)
    await settle()
    auth.authorization(offers, { forceRefresh: true })
    expect(codeOf(() => auth.authorization('https://stranger.example'))).toBe('ERR_UNKNOWN_PARTNER')

    expect(await counts('orgid_bearer.misses')).toEqual([{ partner: 'hotels', value: 1 }])
    expect(await counts('orgid_bearer.mints')).toEqual([
      { partner: 'hotels', outcome: 'ok', value: 3 },
    ])
    expect(await counts('orgid_bearer.refreshes')).toEqual([
      { partner: 'hotels', reason: 'stale', value: 1 },
      { partner: 'hotels', reason: 'forced', value: 1 },
    ])
    expect(await counts('orgid_bearer.refused')).toEqual([
      { code: 'ERR_UNKNOWN_PARTNER', value: 1 },
    ])
    expect(await counts('orgid_bearer.key.activations')).toEqual([{ value: 1 }])
    const [remaining] = await points('orgid_bearer.token.remaining')
    expect(remaining?.value).toMatchObject({ count: 1, min: expect.closeTo(400, -1) })
    const [duration] = await points('orgid_bearer.mint.duration')
    expect(duration?.value).toMatchObject({ count: 3 })
  })

  it('gets a bounded number of partners', async () => {
    const { counts } = measured()
    const partners = Array.from({ length: 205 }, (_, index) => ({
      name: `partner${index}`,
      did: `did:orgid:0x${(index + 1).toString(16).padStart(64, '0')}`,
      origin: `https://partner${index}.example`,
    }))
    const auth = createOrgidAuth({ issuer, key: pem, partners })
    for (const { origin } of partners) auth.authorization(origin)
    const misses = await counts('orgid_bearer.misses')
    expect(misses).toHaveLength(201)
    expect(misses.at(-1)).toEqual({ partner: 'other', value: 5 })
  })

  it('gets a span for each mint, as a child of that of the call', async () => {
    const { end } = measured()
    spans.reset()
    const key = localSigner(pem)
    const slow = { ...key, sign: async (input: Uint8Array) => key.sign(input, {}) }
    const auth = createOrgidAuth({ issuer, key: slow, partners: [hotels] })
    const parent = trace.getTracer('test').startSpan('call')
    await context.with(trace.setSpan(context.active(), parent), () => auth.authorization(offers))
    const [span] = spans.getFinishedSpans()
    expect(span?.name).toBe('orgid-bearer mint')
    expect(span?.parentSpanContext?.spanId).toBe(parent.spanContext().spanId)
    expect(span?.attributes).toEqual({
      'orgid.partner': 'hotels',
      'orgid.key_id': 'webserver',
      'orgid.audience': did('b'),
    })
    end()
    await auth.authorization(offers, { forceRefresh: true })
    expect(spans.getFinishedSpans()).toHaveLength(1)
  })

  it('gets the code of a mint that fails', async () => {
    const { counts } = measured()
    spans.reset()
    const key = { ...localSigner(pem), sign: () => Promise.reject(new Error('no')) }
    const auth = createOrgidAuth({ issuer, key, partners: [hotels] })
    await expect(auth.token('hotels')).rejects.toMatchObject({ code: 'ERR_SIGNER_FAILED' })
    expect(spans.getFinishedSpans()[0]?.attributes['error.type']).toBe('ERR_SIGNER_FAILED')
    expect(await counts('orgid_bearer.mints')).toEqual([
      { partner: 'hotels', outcome: 'error', value: 1 },
    ])
    expect(await counts('orgid_bearer.signer.failures')).toEqual([
      { partner: 'hotels', code: 'ERR_SIGNER_FAILED', value: 1 },
    ])
  })

  it('is scraped by Prometheus, and shows no token', async () => {
    const exporter = new PrometheusExporter({ host: '127.0.0.1', port: 0 })
    const meterProvider = new MeterProvider({ readers: [exporter] })
    const end = instrument({ meterProvider })
    onTestFinished(async () => {
      end()
      await meterProvider.shutdown()
    })
    await exporter.startServer()
    spans.reset()
    const auth = createOrgidAuth({ issuer, key: pem, partners: [hotels] })
    const header = auth.authorization(offers) as string
    const server = (exporter as unknown as { _server: import('node:http').Server })._server
    const { port } = server.address() as import('node:net').AddressInfo
    const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    expect(page).toContain('orgid_bearer_mints_total{partner="hotels",outcome="ok"')
    expect(page).toMatch(/orgid_bearer_mint_duration_bucket\{/)
    const shown = page + shownBy(spans.getFinishedSpans())
    expect(secretParts(header).filter((part) => shown.includes(part))).toEqual([])
  })
})
