import { runInNewContext } from 'node:vm'
import { describe, expect, test } from '@jest/globals'
import { build } from 'esbuild'
import { coreSource } from './support/compilers.ts'

const bundled = async (): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [coreSource],
    write: false,
    bundle: true,
    minify: true,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    globalName: 'core',
  })
  return outputFiles[0]!.text
}

describe('in a browser', () => {
  test('declares, walks and encodes with nothing but the language', async () => {
    // A new context has only the language's own globals: no process, no Buffer, no require.
    const result = runInNewContext(`${await bundled()}
      const policy = core.defineFields('patient', { 'visits[*].note': {} })
      const { places } = core.placesOf(policy, { visits: [{ note: -0 }] }, { from: 'test', statusCode: 500 })
      JSON.stringify(places.map(({ pointer, value }) => [pointer, core.encodeValue(value, pointer, 'test')]))`)
    expect(JSON.parse(result as string)).toEqual([['/visits/0/note', '-0']])
  })

  test('sets Symbol.metadata, so that TC39 compilers find it, and keeps an existing one', async () => {
    const text = await bundled()
    expect(runInNewContext(`${text}; Symbol.metadata === Symbol.for('Symbol.metadata')`)).toBe(true)
    const polyfilled = `Object.defineProperty(Symbol, 'metadata', { value: Symbol('theirs') })
      ${text}; Symbol.metadata.description`
    expect(runInNewContext(polyfilled)).toBe('theirs')
  })

  test('is small: decorators, paths, codec and errors together', async () => {
    expect((await bundled()).length).toBeLessThan(15_000)
  })
})
