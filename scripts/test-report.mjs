// Reads what `vitest run --reporter=json` wrote, and fails unless every test ran and passed.
import { readFileSync } from 'node:fs'

const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('usage: node scripts/test-report.mjs <results.json>')

const results = JSON.parse(readFileSync(file, 'utf8'))
const tests = results.testResults.flatMap((suite) => suite.assertionResults)
const passed = tests.filter((test) => test.status === 'passed').length
const failed = tests.filter((test) => test.status === 'failed').length
const unrun = tests.filter((test) => test.status !== 'passed' && test.status !== 'failed')

for (const test of unrun) console.error(`${test.status}: ${test.fullName}`)
console.log(
  `${passed} passed, ${failed} failed${unrun.length > 0 ? `, ${unrun.length} skipped` : ''}`,
)
if (!results.success || passed === 0 || failed > 0 || unrun.length > 0) process.exitCode = 1
