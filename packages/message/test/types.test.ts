import { type Ciphertext, Encrypted, Model, type Sealed } from '@glassine/core'
import { test } from '@jest/globals'
import { expectTypeOf } from 'expect-type'
import { type Bundled, messageEnvelope } from '../src/index.ts'
import { rawKeys } from './support/keys.ts'

@Model('person')
class Person {
  id!: string
  @Encrypted() ssn!: Encrypted<string>
}

test('types: plaintext where ciphertext is expected does not compile, nor the reverse', async () => {
  const services = messageEnvelope({ use: 'store:test', keys: rawKeys() })
  const bundles = messageEnvelope({ use: 'store:test', keys: rawKeys(), shape: 'bundle' })
  const options = { binding: { tenant: 't-1' } }
  const person: Person = { id: '1', ssn: '2' }

  const sealed = await services.encrypt(person, Person, options)
  expectTypeOf(sealed).toEqualTypeOf<Sealed<Person>>()
  expectTypeOf(sealed.ssn).toEqualTypeOf<Ciphertext<string>>()
  expectTypeOf(await services.decrypt(sealed, Person, options)).toEqualTypeOf<Person>()

  const bundle = await bundles.encrypt(person, Person, options)
  expectTypeOf(bundle).toEqualTypeOf<Bundled<Person>>()
  expectTypeOf(await bundles.decrypt(bundle, Person, options)).toEqualTypeOf<Person>()
  expectTypeOf(
    await bundles
      .decrypt(JSON.parse('{}') as Bundled<Person>, Person, { ...options, partial: true })
      .catch(() => person),
  ).toEqualTypeOf<Person>()

  const never = async () => {
    // @ts-expect-error plaintext where ciphertext is due
    await services.decrypt(person, Person, options)
    // @ts-expect-error a payload without its field
    await services.encrypt({ id: '1' }, Person, options)
    // @ts-expect-error the binding is not optional
    await services.encrypt(person, Person, {})
    // @ts-expect-error an option of the other shape
    messageEnvelope({ use: 'store:test', keys: rawKeys(), bundleMember: 'sealed' })
    // @ts-expect-error a suite that is not written
    messageEnvelope({ use: 'store:test', keys: rawKeys(), suite: '0x0178' })
    // @ts-expect-error places cannot be left unbound in a bundle
    messageEnvelope({ use: 'store:test', keys: rawKeys(), shape: 'bundle', bindFields: false })
  }
  expectTypeOf(never).returns.resolves.toBeVoid()
})
