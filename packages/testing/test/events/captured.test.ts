import { describeShared } from '@glassine/test-support'
import { type SampleSource, sampleEvent } from '@glassine/testing'
import { expect, test } from '@jest/globals'

// Events that others captured, where this repository is developed: the key sets must agree with ours.
const full = { body: { a: 1 }, query: { a: 'b' }, cookies: ['a=b'], tenant: 't-1' }
const image = { id: { S: 'p-1' } }

interface Comparison {
  readonly source: SampleSource
  readonly overrides: Record<string, unknown>
  readonly file: string
  /** What a captured event has by its own circumstances: a client certificate, old fields, its own data. */
  readonly onlyTheirs?: RegExp
  readonly onlyOurs?: RegExp
}

// Members whose own keys are data.
const data =
  /(headers|Headers|queryStringParameters|QueryStringParameters|pathParameters|stageVariables|claims|detail|arguments|NewImage|OldImage|Keys|[mM]essageAttributes|variables)\./

const comparisons: Comparison[] = [
  {
    source: 'rest',
    overrides: full,
    file: 'powertools-python/apiGatewayProxyEvent.json',
    onlyTheirs: /clientCert\.|^version$|authorizer\.scopes/,
    onlyOurs: /apiKey/,
  },
  {
    source: 'rest',
    overrides: full,
    file: 'aws-sam-cli/apigateway.aws-proxy.json',
    onlyOurs: /authorizer|domain|extendedRequestId|apiKey|principalOrgId|clientCert/,
  },
  {
    source: 'http-api',
    overrides: full,
    file: 'powertools-python/apiGatewayProxyV2Event.json',
    onlyTheirs: /authentication|pathParameters|stageVariables/,
  },
  {
    source: 'function-url',
    overrides: { query: { a: 'b' } },
    file: 'powertools-python/lambdaFunctionUrlEventWithHeaders.json',
  },
  { source: 'alb', overrides: full, file: 'aws-sam-cli/alb.request.json' },
  {
    source: 'alb',
    overrides: { ...full, multiValue: true },
    file: 'powertools-python/albMultiValueHeadersEvent.json',
  },
  {
    source: 'lattice',
    overrides: full,
    file: 'powertools-python/vpcLatticeV2Event.json',
    onlyTheirs: /identity\.(type|principal|sessionName|x509SanDns)/,
  },
  { source: 'sqs', overrides: {}, file: 'powertools-python/sqsEvent.json' },
  { source: 'sns', overrides: {}, file: 'powertools-python/snsEvent.json', onlyTheirs: /Subject/ },
  { source: 'kinesis', overrides: {}, file: 'powertools-python/kinesisStreamEvent.json' },
  {
    source: 'eventbridge',
    overrides: {},
    file: 'powertools-python/eventBridgeEvent.json',
    onlyTheirs: /replay-name/,
  },
  {
    source: 'dynamodb-stream',
    overrides: { newImage: image, oldImage: image },
    file: 'powertools-python/dynamoStreamEvent.json',
    onlyOurs: /OldImage/,
  },
  {
    source: 'appsync',
    overrides: {},
    file: 'powertools-python/appSyncDirectResolver.json',
    onlyOurs: /domainName/,
  },
]

const paths = (value: unknown, at = ''): string[] => {
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.length > 0 ? paths(value[0], `${at}[].`) : []
  return Object.entries(value).flatMap(([name, child]) => [`${at}${name}`, ...paths(child, `${at}${name}.`)])
}

const comparable = (event: unknown, ignored?: RegExp): string[] =>
  [...new Set(paths(event))].filter((path) => !data.test(path) && !ignored?.test(path)).sort()

describeShared('key sets of captured events', 'events', ({ json }) => {
  test.each(comparisons)(
    '$source has the shape of $file',
    ({ source, overrides, file, onlyTheirs, onlyOurs }) => {
      expect(comparable(sampleEvent(source, overrides), onlyOurs)).toEqual(comparable(json(file), onlyTheirs))
    },
  )
})
