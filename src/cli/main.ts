#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { run } from './program.js'

// Of src as of dist, the package's root is two folders up
const manifest = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { readonly version: string }

// Who reads our output may stop early, as head does: that is no failure of ours
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

const { stdin, stdout, stderr, env } = process

// Of the library's warnings Node would print its own number and the name of a class
const printers = process.listeners('warning')
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  if (warning.name === 'OrgidBearerWarning') stderr.write(`warning: ${warning.message}\n`)
  else for (const print of printers) print.call(process, warning)
})

const now = () => Date.now() / 1_000
process.exitCode = await run(
  process.argv.slice(2),
  { stdin, stdout, stderr, env, cwd: process.cwd(), now },
  manifest.version,
)
