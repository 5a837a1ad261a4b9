/** The method decorator: both kinds of it, `this`, errors, and two objects of one class. */
import { defineFields } from '@glassine/core'
import type { DecryptedBody } from '@glassine/middy'
import { encryptedHandler } from '@glassine/middy/handler'
import { invoke, sampleEvent } from '@glassine/testing'
import { describe, expect, test } from '@jest/globals'
import { transform } from 'esbuild'
import { fakeEnvelope } from './support/fake-envelope.ts'
import { bind, patientFields as fields, openedBy, type Patient, patient, sealedBy } from './support/stack.ts'

const envelope = fakeEnvelope()
const event = async (body?: unknown) =>
  sampleEvent('http-api', { method: 'POST', body: body ?? (await sealedBy(envelope)) })

class Intake {
  constructor(readonly clinic: string) {}

  @encryptedHandler({ fields, envelope, bind })
  async handler(event: DecryptedBody<Patient>, _context?: unknown) {
    if (event.body.id === 'throws') throw new TypeError('of the handler')
    return { statusCode: 200, body: { ...event.body, id: this?.clinic ?? 'unknown' } }
  }
}

const answered = async (response: any) => ({
  status: response.statusCode,
  body: await openedBy(envelope, JSON.parse(response.body)),
})

describe('encryptedHandler', () => {
  test('decrypts the event, encrypts the response, and keeps `this` of each object', async () => {
    const [one, two] = [new Intake('a'), new Intake('b')]
    const calls = [one, two, one].map(async (intake) =>
      answered(await invoke(intake.handler.bind(intake) as any, await event())),
    )
    expect(await Promise.all(calls)).toEqual(
      ['a', 'b', 'a'].map((id) => ({ status: 200, body: { ...patient, id } })),
    )
  })

  test('works unbound too, then without `this`', async () => {
    const { handler } = new Intake('a')
    expect(await answered(await invoke(handler as any, await event()))).toMatchObject({
      body: { id: 'unknown' },
    })
  })

  test('answers a refusal as a problem document; the method does not run', async () => {
    const intake = new Intake('a')
    const response: any = await invoke(intake.handler.bind(intake) as any, await event(patient))
    expect(response).toMatchObject({
      statusCode: 400,
      headers: { 'Content-Type': 'application/problem+json' },
    })
    expect(JSON.parse(response.body)).toMatchObject({ status: 400, code: 'ERR_FIELD_NOT_ENCRYPTED' })
    const plain: any = await invoke(
      intake.handler.bind(intake) as any,
      sampleEvent('http-api', { method: 'POST', proto: 'http', body: await sealedBy(envelope) }),
    )
    expect(JSON.parse(plain.body)).toMatchObject({ status: 403, code: 'ERR_TLS_REQUIRED' })
  })

  test('throws what the method throws, and, between functions, errors that have no response', async () => {
    const intake = new Intake('a')
    const sealed = await sealedBy(envelope, { ...patient, id: 'throws' })
    await expect(invoke(intake.handler.bind(intake) as any, await event(sealed))).rejects.toThrow(TypeError)
    await expect(invoke(intake.handler.bind(intake) as any, { ...patient } as any)).rejects.toMatchObject({
      code: 'ERR_EVENT_UNKNOWN',
    })
  })

  test('serves legacy decorators: the descriptor is replaced in place', async () => {
    const source = `
      class Legacy {
        clinic = 'legacy'
        @decorate async handler(event: any) { return { statusCode: 200, body: { ...event.body, id: this.clinic } } }
      }
      return new Legacy()`
    const { code } = await transform(`(decorate) => { ${source} }`, {
      loader: 'ts',
      target: 'es2022',
      tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    })
    // biome-ignore lint/security/noGlobalEval: the output of a compiler is to be run here
    const make = globalThis.eval(code) as (decorate: unknown) => Intake
    const legacy = make(encryptedHandler({ fields, envelope, bind }))
    expect(await answered(await invoke(legacy.handler.bind(legacy) as any, await event()))).toMatchObject({
      status: 200,
      body: { id: 'legacy' },
    })
  })

  test('refuses wrong options where the class is defined, and anything but methods', () => {
    expect(() => encryptedHandler({ fields } as any)).toThrow(/keys/)
    const decorate = encryptedHandler({ fields: defineFields('visit', { note: {} }), envelope })
    expect(() => (decorate as any)({}, 'field', { get: () => 1 })).toThrow(/decorates a method/)
    expect(() => (decorate as any)(undefined, { kind: 'field' })).toThrow(/decorates a method/)
  })

  test('its types: a method that expects another body does not compile', () => {
    class Typed {
      // @ts-expect-error the body is a Patient, and not a number
      @encryptedHandler({ fields, envelope })
      async handler(event: { body: number }) {
        return event.body
      }
    }
    expect(typeof new Typed().handler).toBe('function')
  })
})
