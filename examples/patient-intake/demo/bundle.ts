import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const at = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

/** Bundles the handler as a team would deploy it; returns the file and its size in bytes. */
export const bundleHandler = async (): Promise<{ file: string; bytes: number }> => {
  // The demo runs from its own build folder, one below the source.
  const file = at('../../dist/handler.mjs')
  const { metafile } = await build({
    entryPoints: [at('../../src/handler.ts')],
    outfile: file,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    mainFields: ['module', 'main'],
    minify: true,
    metafile: true,
    logLevel: 'warning',
    // CommonJS dependencies of the AWS SDK call `require` for Node's own modules.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  })
  return { file, bytes: Object.values(metafile.outputs)[0]!.bytes }
}
