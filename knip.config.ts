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
    'bench/*-process.ts',
    'scripts/soak/broken.mjs',
  ],
  project: [
    '{src,test,examples,scripts,bench}/**/*.ts',
    'scripts/**/*.mjs',
    '!scripts/api/**',
    '!bench/peers/**',
  ],
  ignoreBinaries: ['mkfifo', 'openssl', 'redis-server', 'softhsm2-util'],
  // stand in for their latest versions, by an environment variable of vitest.config.ts
  ignoreDependencies: ['axe-core', 'express-5.0', 'koa-2.16', 'pkcs11js'],
}
