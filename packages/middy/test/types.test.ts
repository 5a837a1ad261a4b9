import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { type Ciphertext, defineFields, Encrypted, Model, type Sealed } from '@glassine/core'
import { localKeyring } from '@glassine/keys/raw-aes'
import {
  assertEncrypted,
  type DecryptedEvent,
  decryptRequest,
  encryptResponse,
  fieldEncryption,
  requireTls,
} from '@glassine/middy'
import { encryptedTables } from '@glassine/middy/tables'
import { describe, expect, test } from '@jest/globals'
import middy6 from '@middy/core'
import httpErrorHandler from '@middy/http-error-handler'
import httpJsonBodyParser from '@middy/http-json-body-parser'
import type { APIGatewayProxyEvent, APIGatewayProxyEventV2 } from 'aws-lambda'
import { expectTypeOf } from 'expect-type'
import middy7 from 'middy7'
import { eventSourceOf } from '../src/event-source.ts'
import { fakeEnvelope } from './support/fake-envelope.ts'

@Model('patient')
class Patient {
  id!: string
  @Encrypted() ssn!: Encrypted<string>
  @Encrypted({ optional: true }) notes?: Encrypted<string[]>
}

interface Visit {
  at: string
  note: string
}
const visit = defineFields<Visit>('visit', { note: {} })

const envelope = fakeEnvelope()

/** A class with a method, as ORMs and validators have them. */
@Model('account')
class Account {
  id!: string
  @Encrypted() iban!: Encrypted<string>
  greet() {
    return `hello ${this.id}`
  }
}

describe('what the handler gets', () => {
  test('a payload that can be spread, of an event whose type is named, under both majors', () => {
    type Received = DecryptedEvent<APIGatewayProxyEventV2, typeof Patient>
    const response = async (event: Received) => {
      expectTypeOf(event.body).toEqualTypeOf<Patient>()
      expectTypeOf(event.rawPath).toEqualTypeOf<string>()
      // @ts-expect-error - the text is gone
      expectTypeOf(event.body.trim).toBeFunction()
      return { statusCode: 200, body: { ...event.body, seen: true } }
    }
    const six = middy6<APIGatewayProxyEventV2>()
      .use(decryptRequest({ fields: Patient, envelope }))
      .use(encryptResponse({ fields: Patient }))
      .handler(response)
    const seven = middy7<APIGatewayProxyEventV2>()
      .use(decryptRequest({ fields: Patient, envelope }))
      .use(encryptResponse({ fields: Patient }))
      .handler(response)
    const untyped = middy6()
      .use(decryptRequest({ fields: Patient, envelope }))
      .handler(async (event) => ({ statusCode: 200, body: { ...event.body, seen: true } }))
    expect([six, seven, untyped]).toHaveLength(3)
  })

  test('the data of a class and none of its methods', () => {
    const handler = middy6()
      .use(decryptRequest({ fields: Account, envelope }))
      .handler(async (event) => {
        expectTypeOf(event.body).toEqualTypeOf<{ id: string; iban: Encrypted<string> }>()
        // @ts-expect-error - a payload is no instance
        return event.body.greet()
      })
    expect(handler).toBeInstanceOf(Function)
  })

  test('the model as `event.body`, of a class and of a policy, under both majors', () => {
    const seen = async (event: { body: Patient }) => {
      expectTypeOf(event.body.ssn).toExtend<string>()
      expectTypeOf(event.body.notes).toExtend<string[] | undefined>()
      expectTypeOf<Sealed<Patient>['ssn']>().toEqualTypeOf<Ciphertext<string>>()
      return { statusCode: 200, body: event.body }
    }
    const six = middy6(assertEncrypted({ fields: Patient }))
      .use(httpErrorHandler())
      .use(requireTls())
      .use(decryptRequest({ fields: Patient, envelope, bind: (event) => ({ tenant: event.id }) }))
      .use(encryptResponse())
      .handler(async (event) => {
        expectTypeOf(event.body).toEqualTypeOf<Patient>()
        return seen(event)
      })
    const seven = middy7(assertEncrypted({ fields: visit }))
      .use(requireTls())
      .use(decryptRequest({ fields: visit, envelope: [{ envelope }] }))
      .use(encryptResponse({ fields: visit }))
      .handler(async (event) => {
        expectTypeOf(event.body).toEqualTypeOf<Visit>()
        return { statusCode: 200, body: { ...event.body } }
      })
    expect([typeof six, typeof seven]).toEqual(['function', 'function'])
  })

  test('the same with the preset', () => {
    for (const handler of [
      middy6()
        .use(fieldEncryption({ fields: Patient, envelope }))
        .handler(async (event) => {
          expectTypeOf(event.body).toEqualTypeOf<Patient>()
          return event.body
        }),
      middy7()
        .use(fieldEncryption({ fields: Patient, envelope }))
        .handler(async (event) => {
          expectTypeOf(event.body).toEqualTypeOf<Patient>()
          return event.body
        }),
    ])
      expect(typeof handler).toBe('function')
  })

  test("the original client's type in the context", () => {
    const client = DynamoDBDocumentClient.from(new DynamoDBClient({ region: 'eu-west-1' }))
    const tables = { Patients: { fields: Patient, keys: localKeyring(), partitionKey: 'id' } }
    const six = middy6()
      .use(decryptRequest({ fields: Patient, envelope }))
      .use(encryptedTables({ client, tables }))
      .use(encryptedTables({ client: new DynamoDBClient({}), tables, contextKey: 'values' }))
      .handler(async (event, context) => {
        expectTypeOf(event.body).toEqualTypeOf<Patient>()
        expectTypeOf(context.tables).toEqualTypeOf<DynamoDBDocumentClient>()
        expectTypeOf(context.values).toEqualTypeOf<DynamoDBClient>()
        expectTypeOf(context.awsRequestId).toEqualTypeOf<string>()
      })
    const seven = middy7()
      .use(fieldEncryption({ fields: Patient, envelope, tables: encryptedTables({ client, tables }) }))
      .handler(async (event, context) => {
        expectTypeOf(event.body).toEqualTypeOf<Patient>()
        expectTypeOf(context.tables).toEqualTypeOf<DynamoDBDocumentClient>()
        // @ts-expect-error only what was asked for
        void context.values
      })
    expect([typeof six, typeof seven]).toEqual(['function', 'function'])
  })

  test('the payload itself, if it is declared to be the event', () => {
    const handler = middy6()
      .use(decryptRequest({ fields: Patient, envelope, payload: 'event' }))
      .handler(async (event) => {
        expectTypeOf(event).toEqualTypeOf<Patient>()
        return event
      })
    expect(typeof handler).toBe('function')
  })

  test('the rest of a typed event unchanged, and a body of both types', () => {
    const handler = middy6<APIGatewayProxyEvent>()
      .use(httpJsonBodyParser())
      .use(decryptRequest({ fields: Patient, envelope }))
      .handler(async (event) => {
        expectTypeOf(event.body.ssn).toExtend<string>()
        // Middy intersects the types of events, and `string & Patient` cannot be spread.
        const patient: Patient = event.body
        return { statusCode: 200, body: { ...patient } }
      })
    expect(typeof handler).toBe('function')
  })
})

test('invalid options do not compile', () => {
  const attempts = [
    // @ts-expect-error a Lattice listener is an HTTPS one or is not declared
    () => requireTls({ listener: 'http' }),
    // @ts-expect-error origins are texts
    () => requireTls({ origins: [/example/] }),
    // @ts-expect-error there are two
    () => requireTls({ minVersion: 'TLSv1.1' }),
    // @ts-expect-error misspelt
    () => decryptRequest({ fields: visit, envelope, partail: true }),
    // @ts-expect-error a binding is made of texts
    () => decryptRequest({ fields: visit, envelope, bind: () => ({ tenant: 1 }) }),
    // @ts-expect-error one envelope answers
    () => encryptResponse({ fields: visit, envelope: [envelope] }),
    // @ts-expect-error tables are what encryptedTables returns
    () => fieldEncryption({ fields: visit, envelope, tables: { Visits: {} } }),
  ]
  // The last but one line of defence is at construction; `bind` shows only when it is called.
  const refused = attempts.map((attempt) => {
    try {
      attempt()
      return false
    } catch {
      return true
    }
  })
  expect(refused).toEqual([true, true, true, true, false, true, true])
})

test('the source of an event is a closed list', () => {
  expectTypeOf(eventSourceOf({})).toExtend<string>()
  expect(eventSourceOf({})).toBe('direct')
})
