// `npm run demo` as it is typed, against the built packages: what it prints to a file, in columns and as data.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import type { Report } from '../demo/report.ts'

const built = existsSync('packages/client/dist/index.js')
const whenBuilt = built ? test : test.skip
const named = (name: string) => (built ? name : `${name} (skipped: run \`npm run build\` first)`)

const demo = (columns: number, ...args: string[]) => {
  const { status, stdout } = spawnSync(
    process.execPath,
    ['tools/ts.mjs', 'examples/patient-intake/demo/main.ts', ...args],
    { encoding: 'utf8', env: { ...process.env, COLUMNS: String(columns) } },
  )
  expect(status).toBe(0)
  return stdout
}

const control = String.fromCharCode(27)

whenBuilt(
  named('--json prints one object, with what the operator alone reads of each refusal'),
  () => {
    const text = demo(80, '--json')
    expect(text).not.toContain(control)
    const { faults, attacks, honest }: Report & { faults: string[] } = JSON.parse(text)
    expect(faults).toEqual([])
    expect(Object.values(honest.outcomes).map(({ status }) => status)).toEqual([201, 201, 200])
    const outcomes = Object.fromEntries(attacks.map(({ name, outcomes }) => [name, outcomes]))
    const swap = { status: 400, code: 'ERR_DECRYPT_FAILED', succeeded: false }
    expect(outcomes['field swap']).toMatchObject({ message: swap, session: swap })
    expect(outcomes['field swap']!.session!.reason).toBe('it was written for another place')
    expect(outcomes['stripped item']!.item!.reason).toBe(
      'aws_dbe_head is absent or not binary: the item is not encrypted, or was stripped',
    )
    expect(outcomes['echo in an error']!.session).toEqual({ status: 422, succeeded: false })
  },
  120_000,
)

whenBuilt.each([80, 120])(
  named('fits %d columns, without colours'),
  (columns) => {
    const text = demo(columns)
    expect(text).not.toContain(control)
    // The ditto mark is as wide as two letters.
    const widths = text.split('\n').map((line) => line.length + line.split('〃').length - 1)
    expect(Math.max(...widths)).toBeLessThanOrEqual(columns)
    expect(text).toContain('✓ all as it must be')
  },
  120_000,
)
