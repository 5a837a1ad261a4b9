/** The source of an event: the least that identifies it, and what no longer suffices. */
import { hasCode } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import {
  answersHttp,
  type EventSource,
  eventSourceOf,
  eventSources,
  isEdge,
  isHttpSource,
  methodOf,
  wiredSourceOf,
} from '../src/event-source.ts'

const appSync = { arguments: {}, identity: null, prev: null, fieldName: 'x' }
const cf = (eventType?: string) => ({ Records: [{ cf: { config: { eventType } } }] })
const record = (eventSource: string) => ({ Records: [{ eventSource }] })
const inContext = (requestContext: object, more: object = {}) => ({ requestContext, ...more })

const rows: [event: unknown, source: EventSource][] = [
  [inContext({ elb: {} }), 'alb'],
  [inContext({ elb: 'x' }), 'unknown'],
  [inContext({ connectionId: 'c', eventType: 'CONNECT' }), 'websocket-connect'],
  [inContext({ connectionId: 'c', eventType: 'MESSAGE' }), 'websocket-message'],
  [inContext({ connectionId: 'c', eventType: 'DISCONNECT' }), 'websocket-disconnect'],
  [inContext({ connectionId: 'c', eventType: 'OTHER' }), 'unknown'],
  [inContext({ connectionId: '', eventType: 'CONNECT' }), 'unknown'],
  [inContext({ serviceNetworkArn: 'a' }), 'lattice-v2'],
  [inContext({ serviceArn: 'a' }), 'lattice-v2'],
  [inContext({ http: {} }, { version: '2.0' }), 'http-api'],
  [inContext({ http: {}, domainName: 'x.lambda-url.eu-west-1.on.aws' }, { version: '2.0' }), 'function-url'],
  [inContext({ http: {}, domainName: 'lambda-url.x' }, { version: '2.0' }), 'http-api'],
  [inContext({ http: {} }, { version: '1.0' }), 'unknown'],
  [inContext({}, { version: '2.0' }), 'unknown'],
  [inContext({}, { httpMethod: 'GET', resource: '' }), 'rest'],
  [inContext({}, { httpMethod: '', resource: '/' }), 'unknown'],
  [inContext({}, { httpMethod: 'GET' }), 'unknown'],
  [inContext({}, { resource: '/' }), 'unknown'],
  [cf('origin-request'), 'edge-origin'],
  [cf('origin-response'), 'edge-origin'],
  [cf('viewer-request'), 'edge-viewer'],
  [cf(), 'edge-viewer'],
  [{ Records: { 0: { cf: {} } } }, 'unknown'],
  [appSync, 'appsync'],
  [{ ...appSync, fieldName: undefined, info: { fieldName: 'x' } }, 'appsync'],
  [{ ...appSync, fieldName: undefined }, 'direct'],
  [{ ...appSync, arguments: undefined }, 'direct'],
  [{ arguments: {}, prev: null, fieldName: 'x' }, 'direct'],
  [{ arguments: {}, identity: null, fieldName: 'x' }, 'direct'],
  [[appSync], 'appsync'],
  [[appSync, appSync], 'appsync'],
  [[appSync, {}], 'unknown'],
  [[], 'unknown'],
  [record('aws:sqs'), 'sqs'],
  [{ Records: [{ EventSource: 'aws:sns' }] }, 'sns'],
  [record('aws:kinesis'), 'kinesis'],
  [record('aws:dynamodb'), 'dynamodb-stream'],
  [record('aws:s3'), 's3'],
  [record('aws:ses'), 'service'],
  [record('aws:codecommit'), 'service'],
  [record('aws:mq'), 'mq'],
  [record('aws:other'), 'unknown'],
  [record('toString'), 'unknown'],
  [{ Records: [] }, 'unknown'],
  [{ eventSource: 'aws:kafka' }, 'kafka'],
  [{ eventSource: 'SelfManagedKafka' }, 'kafka'],
  [{ eventSource: 'aws:SelfManagedKafka' }, 'kafka'],
  [{ eventSource: 'aws:amq' }, 'mq'],
  [{ eventSource: 'aws:rmq' }, 'mq'],
  [{ eventSource: 'other' }, 'direct'],
  [{ invocationId: 'i', records: [{ recordId: 'r' }] }, 'firehose'],
  [{ invocationId: 'i', records: [{}] }, 'direct'],
  [{ records: [{ recordId: 'r' }] }, 'direct'],
  [{ 'detail-type': 't', source: 's', detail: {} }, 'eventbridge'],
  [{ 'detail-type': 't', source: 's' }, 'direct'],
  [{ 'detail-type': 't', detail: {} }, 'direct'],
  [{ source: 's', detail: {} }, 'direct'],
  [{ triggerSource: 't', userPoolId: 'u' }, 'cognito'],
  [{ triggerSource: 't' }, 'direct'],
  [{ identityPoolId: 'i', identityId: 'i', datasetName: 'd' }, 'cognito'],
  [{ identityPoolId: 'i', identityId: 'i' }, 'direct'],
  [{ awslogs: { data: '' } }, 'service'],
  [{ awslogs: {} }, 'direct'],
  [{ alarmArn: 'a', source: 'aws.cloudwatch' }, 'service'],
  [{ alarmArn: 'a', source: 'other' }, 'direct'],
  [{ source: 'aws.cloudwatch' }, 'direct'],
  [{ RequestType: 'Create', StackId: 's', ResponseURL: 'u' }, 'service'],
  [{ RequestType: 'Create', StackId: 's' }, 'direct'],
  [{ 'CodePipeline.job': {} }, 'service'],
  [{ 'CodePipeline.job': '' }, 'direct'],
  [{ DeploymentId: 'd', LifecycleEventHookExecutionId: 'l' }, 'service'],
  [{ DeploymentId: 'd' }, 'direct'],
  [{ invokingEvent: 'i', configRuleArn: 'c' }, 'service'],
  [{ invokingEvent: 'i' }, 'direct'],
  [{ invocationSchemaVersion: '1.0', tasks: [] }, 'service'],
  [{ invocationSchemaVersion: '1.0' }, 'direct'],
  [{ tasks: [] }, 'direct'],
  [{ SecretId: 's', ClientRequestToken: 'c', Step: 'createSecret' }, 'service'],
  [{ SecretId: 's', ClientRequestToken: 'c' }, 'direct'],
  [{ raw_path: '', method: 'GET', headers: {} }, 'lattice-v1'],
  [{ raw_path: '/', method: '', headers: {} }, 'unknown'],
  [{ raw_path: '/', method: 'GET' }, 'unknown'],
  [{ method: 'GET', headers: {} }, 'direct'],
  [{}, 'direct'],
  [{ id: 'p-1' }, 'direct'],
  ...[
    'requestContext',
    'httpMethod',
    'multiValueHeaders',
    'rawPath',
    'raw_path',
    'methodArn',
    'routeArn',
    'authorizationToken',
    'getObjectContext',
    'Records',
  ].map((mark): [unknown, EventSource] => [{ [mark]: null, id: 'p-1' }, 'unknown']),
  ['text', 'unknown'],
  [null, 'unknown'],
  [undefined, 'unknown'],
  [5, 'unknown'],
  [new Date(0), 'unknown'],
  [Object.create({ requestContext: { elb: {} } }), 'unknown'],
]

describe('the source of an event', () => {
  test.each(rows)('%j is %s', (event, source) => {
    expect(eventSourceOf(event)).toBe(source)
  })

  test('may be one of those that the function is behind', () => {
    const event = record('aws:sqs')
    expect(wiredSourceOf(event, undefined)).toBe('sqs')
    expect(wiredSourceOf(event, ['sns', 'sqs'])).toBe('sqs')
    for (const sources of [['sns'], []] as EventSource[][])
      expect(() => wiredSourceOf(event, sources)).toThrow(
        hasCode('ERR_EVENT_UNKNOWN', {
          cause: { package: '@glassine/middy', reason: 'an event of the source sqs' },
        }),
      )
  })
})

describe('for each source', () => {
  const all = [...eventSources, 'unknown'] as const
  const http = ['rest', 'http-api', 'function-url', 'alb', 'lattice-v1', 'lattice-v2', 'websocket-connect']
  const answering = [...http, 'websocket-message', 'websocket-disconnect']

  test('the tables say whether a request has headers, whether its response is HTTP, and whether it is Lambda@Edge', () => {
    expect(all.filter(isHttpSource).toSorted()).toEqual(http.toSorted())
    expect(all.filter(answersHttp).toSorted()).toEqual(answering.toSorted())
    expect(all.filter(isEdge).toSorted()).toEqual(['edge-origin', 'edge-viewer'])
  })

  test('the method is where the source keeps it, in upper case', () => {
    const event = {
      httpMethod: 'get',
      method: 'put',
      requestContext: { http: { method: 'post' } },
      Records: [{ cf: { request: { method: 'patch' } } }],
    }
    const methods: Record<string, string> = {
      rest: 'GET',
      alb: 'GET',
      'http-api': 'POST',
      'function-url': 'POST',
      'lattice-v1': 'PUT',
      'lattice-v2': 'PUT',
      'edge-viewer': 'PATCH',
      'edge-origin': 'PATCH',
    }
    for (const source of all) {
      expect([source, methodOf(event, source)]).toEqual([source, methods[source]])
      expect(methodOf({}, source)).toBeUndefined()
    }
  })
})
