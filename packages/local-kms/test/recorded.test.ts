/**
 * Conformance: every response recorded from the real AWS KMS, replayed against the local one through the real
 * SDK client. The recordings (LocalStack's, Apache-2.0) are not part of this repository.
 */
import { describeShared } from '@glassine/test-support'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type LocalKms, startLocalKms } from '../src/index.ts'
import { encryptionCases } from './recorded/encryption.ts'
import { exclusions } from './recorded/exclusions.ts'
import { type Bench, type Cases, createBench, createMatcher, region } from './recorded/harness.ts'
import { keyCases } from './recorded/keys.ts'
import { rotationCases } from './recorded/rotation.ts'
import { signatureCases } from './recorded/signatures.ts'
import { tagCases } from './recorded/tags.ts'

const cases: Cases = { ...keyCases, ...encryptionCases, ...signatureCases, ...rotationCases, ...tagCases }

interface Recording {
  /** `dd-mm-yyyy, hh:mm:ss` */
  readonly 'recorded-date': string
  readonly 'recorded-content': Readonly<Record<string, unknown>>
}

/** `TestKMS::test_sign_verify[RSA_2048-RSASSA_PSS_SHA_256]` to its function and its parameters. */
const parseName = (name: string): { caseName: string; parameters: string[] } => {
  const [, caseName = '', parameters = ''] = /::(\w+)(?:\[(.*)\])?$/.exec(name) ?? []
  return { caseName, parameters: parameters.split('-') }
}

const dateOf = (text: string): Date => {
  const [, day, month, year] = /^(\d\d)-(\d\d)-(\d{4})/.exec(text) ?? []
  return new Date(`${year}-${month}-${day}T00:00:00Z`)
}

describeShared('responses recorded from AWS', 'kms-recorded', ({ json }) => {
  const recordings: Readonly<Record<string, Recording>> = json('test_kms.snapshot.json')
  const recorded = new Map(
    Object.entries(recordings).map(([name, recording]) => [name.slice(name.indexOf('::') + 2), recording]),
  )

  let kms: LocalKms
  let bench: Bench
  const replayed: string[] = []
  beforeAll(async () => {
    kms = await startLocalKms({ region })
    bench = createBench(kms)
  })
  afterAll(async () => {
    bench.client.destroy()
    bench.other.destroy()
    await kms.close()
  })

  for (const [name, recording] of recorded) {
    const reason = exclusions[name]
    if (reason !== undefined) {
      test.skip(`${name} (${reason})`, () => {})
      continue
    }
    test(name, async () => {
      const { caseName, parameters } = parseName(name)
      const replay = Object.hasOwn(cases, caseName) ? cases[caseName] : undefined
      if (replay === undefined) throw new Error('This recorded case has no replay and is no exclusion')
      const content = recording['recorded-content']
      const { match, matched } = createMatcher(content, dateOf(recording['recorded-date']), kms.accountId)
      await replay(bench, match, parameters)
      expect(matched.sort()).toEqual(Object.keys(content).sort())
      replayed.push(name)
    })
  }

  test('all recordings except the declared exclusions were replayed', () => {
    const left = [...recorded.keys()].filter((name) => !replayed.includes(name))
    expect(left.sort()).toEqual(Object.keys(exclusions).sort())
    expect({ recorded: recorded.size, replayed: replayed.length }).toEqual({ recorded: 114, replayed: 94 })
  })
})
