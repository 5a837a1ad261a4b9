/**
 * The resource that a request addresses, by source, from the parts of the event that show what the client requested.
 */
import { hasCode } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import type { EventSource } from '../src/event-source.ts'
import { resourceOf } from '../src/resource.ts'

type Row = [what: string, source: EventSource, event: object, expected: object | undefined]

const one = { a: '1' }
const many = { a: ['1', '2'], b: ['3'] }
const pairs = [
  ['a', '1'],
  ['a', '2'],
  ['b', '3'],
]

const rows: Row[] = [
  [
    'a REST API, with its stage',
    'rest',
    { httpMethod: 'get', path: '/x', requestContext: { path: '/prod/x' } },
    { method: 'GET', path: '/prod/x', query: [] },
  ],
  [
    'a REST API without it',
    'rest',
    { httpMethod: 'GET', path: '/x' },
    { method: 'GET', path: '/x', query: [] },
  ],
  [
    'a REST API with one value for each parameter',
    'rest',
    { httpMethod: 'GET', path: '/', queryStringParameters: one },
    { method: 'GET', path: '/', query: [['a', '1']] },
  ],
  [
    'a REST API with all values',
    'rest',
    {
      httpMethod: 'GET',
      path: '/',
      queryStringParameters: { a: '2', b: '3' },
      multiValueQueryStringParameters: many,
    },
    { method: 'GET', path: '/', query: pairs },
  ],
  ['a REST API without a method', 'rest', { path: '/x' }, undefined],
  ['a REST API without a path', 'rest', { httpMethod: 'GET' }, undefined],
  [
    'a connecting websocket',
    'websocket-connect',
    { requestContext: { path: '/prod' }, multiValueQueryStringParameters: many },
    { method: 'GET', path: '/prod', query: pairs },
  ],
  ['a connecting websocket without a path', 'websocket-connect', {}, { method: 'GET', path: '/', query: [] }],
  [
    'a message of a websocket',
    'websocket-message',
    { requestContext: { routeKey: '$default' } },
    { method: 'MESSAGE', path: '/$default', query: [] },
  ],
  ['a message without a route', 'websocket-message', { requestContext: {} }, undefined],
  [
    'AppSync',
    'appsync',
    { typeName: 'Query', fieldName: 'patient' },
    { method: 'Query', path: '/patient', query: [] },
  ],
  [
    'AppSync, by its info',
    'appsync',
    { info: { parentTypeName: 'Mutation', fieldName: 'add' } },
    { method: 'Mutation', path: '/add', query: [] },
  ],
  [
    'a batch of AppSync',
    'appsync',
    [{ typeName: 'Query', fieldName: 'patient' }],
    { method: 'Query', path: '/patient', query: [] },
  ],
  ['AppSync without a type', 'appsync', { fieldName: 'patient' }, undefined],
  ['AppSync without a field', 'appsync', { typeName: 'Query' }, undefined],
  [
    'an HTTP API',
    'http-api',
    { rawPath: '/x', rawQueryString: 'a=1&a=2&b=3', requestContext: { http: { method: 'PUT' } } },
    { method: 'PUT', path: '/x', query: pairs },
  ],
  [
    'an HTTP API without a query text',
    'http-api',
    { rawPath: '/x', queryStringParameters: one, requestContext: { http: { method: 'PUT' } } },
    { method: 'PUT', path: '/x', query: [['a', '1']] },
  ],
  [
    'a function URL',
    'function-url',
    { rawPath: '/prod/x', rawQueryString: '', requestContext: { stage: 'prod', http: { method: 'POST' } } },
    { method: 'POST', path: '/prod/x', query: [] },
  ],
  [
    'a load balancer, whose parameters stay encoded',
    'alb',
    { httpMethod: 'GET', path: '/x?y', queryStringParameters: { 'a%20b': 'c%2Fd' } },
    { method: 'GET', path: '/x', query: [['a b', 'c/d']] },
  ],
  [
    'a load balancer with all values',
    'alb',
    { httpMethod: 'GET', path: '/x', multiValueQueryStringParameters: many },
    { method: 'GET', path: '/x', query: pairs },
  ],
  [
    'VPC Lattice, version 2',
    'lattice-v2',
    { method: 'GET', path: '/x?ignored=1', queryStringParameters: many },
    { method: 'GET', path: '/x', query: pairs },
  ],
  [
    'VPC Lattice, version 1',
    'lattice-v1',
    { method: 'GET', raw_path: '/x?a=1&a=2&b=3' },
    { method: 'GET', path: '/x', query: pairs },
  ],
  [
    'VPC Lattice, version 1, with a mark in a value',
    'lattice-v1',
    { method: 'GET', raw_path: '/x?a=1?2' },
    { method: 'GET', path: '/x', query: [['a', '1?2']] },
  ],
  [
    'VPC Lattice, version 1, without a query',
    'lattice-v1',
    { method: 'GET', raw_path: '/x' },
    { method: 'GET', path: '/x', query: [] },
  ],
  ['a direct invocation', 'direct', { httpMethod: 'GET', path: '/x', method: 'GET' }, undefined],
]

describe('the resource of', () => {
  test.each(rows)('%s', (_what, source, event, expected) => {
    expect(resourceOf(event, source)).toEqual(expected)
  })

  test.each([
    ['/prod/x', { stage: 'prod' }, '/x'],
    ['/prod', { stage: 'prod' }, '/'],
    ['/prod/', { stage: 'prod' }, '/'],
    ['/product', { stage: 'prod' }, '/product'],
    ['/x/prod/y', { stage: 'prod' }, '/x/prod/y'],
    ['/prod/x', { stage: 'prod', domainName: 'api.example.com' }, '/x'],
    ['/prod/x', { stage: 'prod', domainName: 'id.execute-api.eu-west-1.amazonaws.com' }, '/prod/x'],
    ['/$default/x', { stage: '$default' }, '/$default/x'],
    ['/prod/x', {}, '/prod/x'],
  ])('an HTTP API at %s with %j is %s', (rawPath, context, path) => {
    const event = { rawPath, requestContext: { ...context, http: { method: 'GET' } } }
    expect(resourceOf(event, 'http-api')?.path).toBe(path)
  })

  test.each([
    [{ remove: '/prod' }, '/prod/x', '/x'],
    [{ remove: '/prod' }, '/prod', '/'],
    [{ remove: '/prod' }, '/product', '/product'],
    [{ remove: '/prod' }, '/x', '/x'],
    [{ add: '/api' }, '/x', '/api/x'],
    [{ remove: '/prod', add: '/api' }, '/prod/x', '/api/x'],
    [{}, '/x', '/x'],
  ])('a path that %j describes: %s is %s', (publicPath, path, expected) => {
    expect(resourceOf({ httpMethod: 'GET', path }, 'rest', { publicPath })?.path).toBe(expected)
  })

  test('a query is bound in whole, in part or not at all', () => {
    const event = { httpMethod: 'GET', path: '/', multiValueQueryStringParameters: many }
    const queryBy = (query?: false | string[]) => resourceOf(event, 'rest', { query })?.query
    expect(queryBy()).toEqual(pairs)
    expect(queryBy(['b', 'c'])).toEqual([['b', '3']])
    expect(queryBy([])).toEqual([])
    expect(queryBy(false)).toEqual([])
  })

  test('values that are not strings are omitted', () => {
    const event = { httpMethod: 'GET', path: '/', queryStringParameters: { a: 1, b: null, c: 'x' } }
    expect(resourceOf(event, 'rest')?.query).toEqual([['c', 'x']])
  })

  test('a path that readers may read differently is refused', () => {
    for (const path of ['/a/../b', '/a/%2e%2e/b', '/a%00', '/a%ff'])
      expect(() => resourceOf({ httpMethod: 'GET', path }, 'rest')).toThrow(
        hasCode('ERR_DECRYPT_FAILED', {
          cause: { package: '@glassine/middy', reason: 'the path has no canonical form' },
        }),
      )
  })
})
