import { describe, expect, it, vi } from 'vitest'
import { type Reload, watchFiles } from '../../src/config/watch.js'
import { useFolder, useWarnings } from './support.js'

const folder = useFolder()
const warnings = useWarnings()
const until = (check: () => unknown) => vi.waitFor(check, { timeout: 12_000, interval: 10 })

/** Counts the looks at the files, and what came of them. */
function watch(attempt: Reload['attempt'] = async () => {}) {
  const seen = { looks: 0, attempts: 0 }
  const close = watchFiles(
    {
      files: () => {
        seen.looks += 1
        return [folder.path('file')]
      },
      attempt: async (isWanted) => {
        seen.attempts += 1
        await attempt(isWanted)
      },
    },
    0.01,
  )
  const moreLooks = () => {
    const { looks } = seen
    return until(() => expect(seen.looks).toBeGreaterThan(looks + 4))
  }
  return { seen, close, moreLooks }
}

describe('a watch', () => {
  it('attempts a reload at the first look, and then when the content is another', async () => {
    folder.write('file', 'one')
    const { seen, close, moreLooks } = watch()
    await moreLooks()
    expect(seen.attempts).toBe(1)
    folder.write('file', 'two')
    await until(() => expect(seen.attempts).toBe(2))
    folder.write('file', 'two')
    await moreLooks()
    expect(seen.attempts).toBe(2)
    close()
  })

  it('attempts again as long as it is refused, and shows nothing of an unexpected error', async () => {
    const { seen, close } = watch(async () => {
      throw new TypeError('secret')
    })
    await until(() => expect(seen.attempts).toBeGreaterThan(4))
    close()
    await until(() => expect(warnings.list).toHaveLength(1))
    expect(warnings.list[0]).toMatchObject({
      code: 'ORGID_RELOAD_REFUSED',
      message: expect.stringMatching(/stays so: an unexpected error \(TypeError\)$/),
    })
  })
})
