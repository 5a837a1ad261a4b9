// CommonJS under Jest, which has no top-level await.
import { startLocalKms } from '@glassine/testing'
import { glassineMatchers } from '@glassine/testing/jest'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { cases } from './cases.js'

expect.extend(glassineMatchers)

let kms: Awaited<ReturnType<typeof startLocalKms>>
let service: typeof import('./handler.js')
beforeAll(async () => {
  kms = await startLocalKms({ keys: ['alias/patients'] })
  Object.assign(process.env, kms.env)
  service = require('./handler.js')
})
afterAll(() => kms.close())

test('encrypted in, encrypted out, in the clear refused', async () => {
  expect(await cases(service)).toHaveEncrypted(service.Patient)
  expect({ statusCode: 200, body: '{"id":"p-1","ssn":"078-05-1120"}' }).not.toHaveEncrypted(service.Patient)
})
