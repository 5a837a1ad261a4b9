// A class with other legacy decorators beside ours, as a NestJS service has them: `experimentalDecorators` with
// `emitDecoratorMetadata`, constructor injection by type, decorators of parameters, a validator on the same field.
import 'reflect-metadata'
import assert from 'node:assert/strict'
import { Encrypted, Model } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { rawAesKeyring } from '@glassine/keys/raw-aes'
import { messageEnvelope } from '@glassine/message'
import type { DecryptedBody } from '@glassine/middy'
import { encryptedHandler } from '@glassine/middy/handler'
import { invoke, sampleEvent } from '@glassine/testing'

type Class<T = object> = new (...injected: any[]) => T
const Injectable = (): ClassDecorator => (target) => Reflect.defineMetadata('injectable', true, target)
const Controller =
  (route: string): ClassDecorator =>
  (target) =>
    Reflect.defineMetadata('route', route, target)
/** Marks the function that it gets, as Nest's does. */
const Post =
  (): MethodDecorator =>
  (_target, _name, { value }) =>
    Reflect.defineMetadata('method', 'POST', value as object)
const Body = (): ParameterDecorator => (target, name, at) => Reflect.defineMetadata('body', at, target, name!)
const rules: [object, string | symbol][] = []
const IsString = (): PropertyDecorator => (target, name) => {
  rules.push([target, name])
}
/** Injection as Nest does it: by the types that the compiler has written down. */
const resolve = <T>(wanted: Class<T>): T => {
  assert.ok(Reflect.getMetadata('injectable', wanted) || Reflect.getMetadata('route', wanted))
  return new wanted(...(Reflect.getMetadata('design:paramtypes', wanted) ?? []).map(resolve))
}

@Model('patient')
class Patient {
  @IsString()
  id!: string

  @IsString()
  @Encrypted()
  ssn!: Encrypted<string>

  @Encrypted()
  @IsString()
  phone!: Encrypted<string>
}

const keyring = rawAesKeyring({ namespace: 'clinic', name: 'k', key: new Uint8Array(32).fill(7) })
const keys = keyMaterial({ keyring })
const bind = () => ({ tenant: 't-1' })

@Injectable()
class Patients {
  stored: Patient[] = []
  save(patient: Patient): Patient {
    this.stored.push(patient)
    return patient
  }
}

@Controller('patients')
class PatientsController {
  constructor(private readonly patients: Patients) {}

  @Post()
  @encryptedHandler({ fields: Patient, keys, bind })
  async create(@Body() event: DecryptedBody<Patient>) {
    return { statusCode: 200, body: this.patients.save(event.body) }
  }

  seen(): readonly Patient[] {
    return this.patients.stored
  }
}

const main = async (): Promise<void> => {
  const controller = resolve(PatientsController)
  assert.equal(Reflect.getMetadata('method', controller.create), 'POST')
  // Not String, which a validator would take for the rule.
  assert.notEqual(Reflect.getMetadata('design:type', Patient.prototype, 'ssn'), String)
  assert.equal(Reflect.getMetadata('body', controller, 'create'), 0)
  assert.deepEqual(
    rules.map(([target, name]) => [target === Patient.prototype, name]),
    ['id', 'ssn', 'phone'].map((name) => [true, name]),
  )

  const envelope = messageEnvelope({ keys })
  const patient: Patient = { id: 'p-1', ssn: '078-05-1120', phone: '+1 555 0100' }
  const post = (body: unknown) =>
    invoke(controller.create.bind(controller), sampleEvent('http-api', { body, tenant: 't-1' }))
  const body = await envelope.encrypt(patient, Patient, { binding: bind(), use: 'request' })
  for (const name of ['ssn', 'phone'] as const) assert.notEqual(body[name], patient[name])
  const response = await post(body)
  assert.equal(response.statusCode, 200)
  assert.ok(!response.body.includes(patient.ssn) && !response.body.includes(patient.phone))
  const answer = await envelope.decrypt(JSON.parse(response.body), Patient, {
    binding: bind(),
    use: 'response',
  })
  assert.deepEqual({ ...answer }, patient)
  assert.deepEqual(
    controller.seen().map(({ ssn }) => ssn),
    [patient.ssn],
  )
  assert.equal((await post(patient)).statusCode, 400)
  assert.equal(controller.seen().length, 1)
}
main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
