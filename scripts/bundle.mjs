// Puts what the main entry loads into one file, after the compiler has written each module into its
// own: Node takes longer to find and link a hundred small files than to compile what is in them.
// The small files stay, as names of what is in the large one.
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const dist = fileURLToPath(new URL('../dist', import.meta.url))
const isForeign = (name) => !name.startsWith('.') && !name.startsWith('/')

/** The modules that Node loads with one of them, itself included. */
async function loadedWith(entry) {
  const modules = new Set()
  const graph = {
    name: 'graph',
    buildEnd() {
      const visit = (id) => {
        if (modules.has(id) || isForeign(id)) return
        modules.add(id)
        this.getModuleInfo(id).importedIds.forEach(visit)
      }
      visit(`${dist}/${entry}`)
    },
  }
  const build = await rolldown({
    input: `${dist}/${entry}`,
    platform: 'node',
    external: isForeign,
    plugins: [graph],
  })
  await build.generate()
  await build.close()
  return modules
}

const core = await loadedWith('index.js')
const build = await rolldown({
  input: Object.fromEntries([...core].map((id) => [relative(dist, id).slice(0, -3), id])),
  platform: 'node',
  // What is loaded later stays where it is
  external: (id) => isForeign(id) || !core.has(id),
})
const { output } = await build.write({
  dir: dist,
  chunkFileNames: 'shared/[name].js',
  // They are with the types
  comments: false,
  codeSplitting: {
    groups: [{ name: 'core', test: (id) => core.has(id) }],
  },
})
await build.close()

// A module that is left out would be there twice, for those who import it by another way
const { imports } = output.find(({ name }) => name === 'core')
const strays = imports.filter((name) => !isForeign(name))
if (strays.length > 0)
  throw new Error(`shared/core.js: expected nothing but packages, got ${strays}`)
