import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { chromium } from 'playwright-core'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { toHtml } from '../../src/status-page/html.js'
import type { StatusReport } from '../../src/status-page/report.js'
import { did } from '../support.js'
import { chromiumIsMissing, chromiumPath } from '../tools.js'

const now = 1_800_000_000
const life = {
  audience: did('b'),
  keyId: 'webserver',
  scope: ['book'],
  issuedAt: now - 1_800,
  freshUntil: now + 900,
  expiresAt: now + 1_770,
}
const partner = {
  name: 'hotels',
  did: did('b'),
  keyId: 'webserver',
  fallback: undefined,
  tokens: 1,
  earliestExpiry: life.expiresAt,
  nextRefresh: life.freshUntil,
  clockOffset: 0,
  lastError: undefined,
  lives: [life],
  lastRefusal: undefined,
}
const report: StatusReport = {
  now,
  keys: [
    { id: 'webserver', active: false, activeFrom: undefined },
    { id: 'webserver2', active: true, activeFrom: now - 86_400 },
  ],
  rates: { seconds: 3_600, mints: 12, refreshes: 8, unauthorized: 1 },
  partners: [
    partner,
    {
      ...partner,
      name: 'air',
      clockOffset: 120,
      fallback: { from: 'webserver2', to: 'webserver', since: now - 600, retryAt: now + 3_000 },
      lastRefusal: {
        at: now - 600,
        keyId: 'webserver2',
        acceptedSince: false,
        remedy: 'Keep the old key until then.',
      },
    },
    {
      ...partner,
      name: 'gateway',
      tokens: 0,
      lives: [],
      lastError: { code: 'ERR_SIGNER_TIMEOUT', at: now - 30 },
    },
  ],
}

interface Axe {
  run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>
}

// A browser takes its time to start on a loaded machine
vi.setConfig({ testTimeout: 60_000 })

async function open(colorScheme: 'light' | 'dark') {
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] })
  onTestFinished(() => browser.close())
  const page = await browser.newPage({ colorScheme, viewport: { width: 960, height: 1080 } })
  await page.setContent(toHtml(report))
  return page
}

describe.skipIf(chromiumIsMissing())('the status page in a browser', () => {
  it.each(['light', 'dark'] as const)('has no fault that axe finds, in %s', async (scheme) => {
    const page = await open(scheme)
    const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
    await page.evaluate(readFileSync(axe, 'utf8'))
    if (process.env.SCREENSHOT) {
      await page.screenshot({ path: `docs/images/status-page-${scheme}.png` })
    }
    const { violations } = await page.evaluate(() =>
      (globalThis as unknown as { axe: Axe }).axe.run(),
    )
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
  })

  it('is reached by the keyboard, where it does not fit', async () => {
    const page = await open('light')
    await page.keyboard.press('Tab')
    const focused = await page.evaluate('document.activeElement.ariaLabel')
    expect(focused).toBe('Tokens of hotels')
  })

  it('fits a phone', async () => {
    const page = await open('light')
    await page.setViewportSize({ width: 360, height: 800 })
    const overflow = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    )
    expect(overflow).toBe(0)
  })
})
