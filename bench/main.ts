import { parseArgs } from 'node:util'
import type { Benchmark } from './benchmark.js'
import { cachedHeader } from './cached-header.js'
import { clients } from './clients.js'
import { coldStart } from './cold-start.js'
import { events } from './events.js'
import { fleet } from './fleet.js'
import { minting } from './minting.js'
import { prepare } from './prepare.js'
import { refreshStorm } from './refresh-storm.js'
import { size } from './size.js'

const benchmarks: Readonly<Record<string, Benchmark>> = {
  'cached-header': cachedHeader,
  axios: clients,
  minting,
  prepare,
  'cold-start': coldStart,
  'refresh-storm': refreshStorm,
  events,
  size,
  fleet,
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    update: { type: 'boolean', default: false },
  },
})

const names = positionals.length > 0 ? positionals : Object.keys(benchmarks)
for (const name of names) {
  const benchmark = benchmarks[name]
  if (benchmark === undefined) {
    console.error(
      `there is no benchmark "${name}"; there are: ${Object.keys(benchmarks).join(', ')}`,
    )
    process.exitCode = 2
    continue
  }
  console.log(`\n# ${name}`)
  if (!(await benchmark(values))) process.exitCode = 1
}
