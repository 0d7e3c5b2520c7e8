import manifest from './package.json' with { type: 'json' }

const entries = Object.values(manifest.exports)
  .flatMap((target) => (typeof target === 'string' ? [] : [target.default]))
  .map((file) => file.replace('./dist/', 'src/').replace(/\.js$/, '.ts'))

export default {
  entry: [
    ...entries,
    'src/cli/main.ts',
    'test/**/*.{test,test-d}.ts',
    'examples/*.ts',
    'examples/*/main.ts',
    'scripts/*.mjs',
    'scripts/soak/broken.mjs',
  ],
  project: ['{src,test,examples,scripts}/**/*.ts', 'scripts/**/*.mjs'],
  ignoreBinaries: ['mkfifo', 'openssl'],
  // stand in for their latest versions, by an environment variable of vitest.config.ts
  ignoreDependencies: ['express-5.0', 'koa-2.16'],
}
