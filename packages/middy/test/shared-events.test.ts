import type { RequireTlsOptions } from '@glassine/middy'
import { describeShared } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { majors, outcomeOf } from './support/outcome.ts'
import { type Verdict, verdicts } from './support/verdicts.ts'

/** Whatever a deployment can say of what its events leave open. */
const declared: RequireTlsOptions = { listener: 'https', direct: 'allow', edge: 'https-only' }

const rows = Object.entries(verdicts).flatMap(([collection, files]) =>
  Object.entries(files).map(([name, verdict]) => [collection, name, verdict] as const),
)

const namesOf = (pattern: RegExp): readonly (readonly [string, string, Verdict])[] =>
  rows.filter(([, name]) => pattern.test(name))

describeShared('AWS sample events', 'events', ({ json, names }) => {
  const event = (collection: string, name: string): unknown => json(`${collection}/${name}.json`)

  describe.each(Object.keys(verdicts))('the collection %s', (collection) => {
    test('is covered, file by file', () => {
      expect(Object.keys(verdicts[collection]!).sort()).toEqual(names(collection))
    })
  })

  describe.each(majors)('Middy %s', (_, middy) => {
    test.each(rows)('%s %s', async (collection, name, [byDefault, withAll]) => {
      expect(await outcomeOf(event(collection, name), {}, middy)).toBe(byDefault)
      expect(await outcomeOf(event(collection, name), declared, middy)).toBe(withAll)
    })
  })

  describe('a declaration allows only what it is about', () => {
    test.each(['listener', 'direct', 'edge'] as const)('%s', async (option) => {
      const opened = new Map<string, number>()
      for (const [collection, name, [byDefault, withAll]] of rows) {
        if (byDefault === withAll) continue
        const outcome = await outcomeOf(event(collection, name), { [option]: declared[option] })
        if (outcome === byDefault) continue
        expect([name, outcome]).toEqual([name, withAll])
        const family = /^(?:cloudfront|vpcLattice)/.exec(name)?.[0] ?? 'direct'
        opened.set(family, (opened.get(family) ?? 0) + 1)
      }
      const expected = { listener: ['vpcLattice', 5], direct: ['direct', 27], edge: ['cloudfront', 12] }
      expect([...opened]).toEqual([expected[option]])
    })
  })

  // The specification's own summary, by the names of the files and apart from the map.
  describe('in total', () => {
    test.each([
      ['ALB', 'powertools-python', /^alb/, 4, 'ERR_TLS_REQUIRED'],
      ['VPC Lattice', 'powertools-python', /^vpcLattice/, 5, 'ERR_TLS_REQUIRED'],
      ['API Gateway proxy', 'powertools-python', /^apiGatewayProxy|^apigatewaye/, 17, 'https'],
      ['Function URL', 'powertools-python', /^lambdaFunctionUrl/, 4, 'https'],
      ['AppSync resolver', 'powertools-python', /^appSync(?!Authorizer)/, 3, 'ran'],
      [
        'queue and stream',
        'powertools-python',
        /^(?:sqs|sns|s3Sqs|kinesis|dynamo|kafka|activeMQ|rabbit)/,
        17,
        'ran',
      ],
      [
        'token authorizer',
        'powertools-python',
        /AuthorizerTokenEvent|appSyncAuthorizerEvent/,
        2,
        'ERR_EVENT_UNKNOWN',
      ],
      ['token authorizer', 'aws-sam-cli', /^apigateway\.authorizer/, 1, 'ERR_EVENT_UNKNOWN'],
    ] as const)('%s events of %s', async (_, collection, pattern, count, outcome) => {
      const files = namesOf(pattern).filter(([from]) => from === collection)
      expect(files).toHaveLength(count)
      for (const [from, name] of files)
        expect([name, await outcomeOf(event(from, name))]).toEqual([name, outcome])
    })
  })
})
