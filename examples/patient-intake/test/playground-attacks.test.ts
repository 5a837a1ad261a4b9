// Every switch of the playground, tried in a browser against the local servers: who learns what of the refusal.
import { inChromium } from '@glassine/browser'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as demo from '../demo/attacks.ts'
import { patient } from '../demo/patient.ts'
import { attacks } from '../web/attacks.ts'
import { type OpenPlayground, openPlayground } from './support/playground.ts'

const uniform = '400 The encrypted fields of the request could not be decrypted'
const failed = 'ERR_DECRYPT_FAILED'
const context =
  "the context of the encrypted values differs in one of: the binding's tenant, the sender, the method, the path or " +
  'the query, an authenticated field, the model'

/** For each attack: the code, what the caller sees, and what the operator sees. */
const refusals: Readonly<Record<string, readonly [code: string, caller: string, operator: string]>> = {
  swap: [failed, uniform, `${failed} at /ssn: it was written for another place`],
  visits: [failed, uniform, `${failed} at /visits/*/note: it was written for another place`],
  splice: [failed, uniform, `${failed} at /email: it was written in another request of the session`],
  record: [failed, uniform, `${failed} at /ssn: ${context}`],
  use: [
    failed,
    uniform,
    `${failed} at /ssn: it is under another key: of another session, or of the responses`,
  ],
  // A request without fields has no authenticated ones.
  resource: [failed, uniform, `${failed}: ${context.replace(' an authenticated field,', '')}`],
  plaintext: ['ERR_FIELD_NOT_ENCRYPTED', uniform, 'ERR_FIELD_NOT_ENCRYPTED at /ssn'],
  missing: ['ERR_FIELD_MISSING', uniform, 'ERR_FIELD_MISSING at /ssn'],
  bit: [failed, uniform, `${failed}: the ciphertext was changed, or is under another key`],
  replay: ['ERR_REPLAYED', '409 The request was received before', 'ERR_REPLAYED'],
  strip: [
    'ERR_SESSION_MISSING',
    '400 The request carries no keys to be answered under',
    'ERR_SESSION_MISSING',
  ],
  http: [
    'ERR_TLS_REQUIRED',
    '403 The request must be made over https',
    'ERR_TLS_REQUIRED: the request came over plain http',
  ],
  answer: [
    failed,
    'An error, thrown by the client. No value of the response.',
    'Nothing: the service has answered as ever. The app’s own log has the error.',
  ],
  tenant: [failed, uniform, `${failed} at /ssn: ${context}`],
  sender: [failed, uniform, `${failed} at /ssn: ${context}`],
  model: [failed, uniform, `${failed} at /ssn: ${context}`],
  origin: [
    'ERR_ORIGIN_REFUSED',
    '403 The origin of the request is not allowed',
    'ERR_ORIGIN_REFUSED: the origin is not allowed',
  ],
  row: [
    failed,
    '500 Internal Server Error',
    `${failed}: a signed or encrypted attribute or the footer was changed`,
  ],
  stripped: [
    failed,
    '500 Internal Server Error',
    `${failed}: aws_dbe_head is absent or not binary: the item is not encrypted, or was stripped`,
  ],
  archive: [
    failed,
    '500 Internal Server Error',
    `${failed}: the branch key does not unwrap it: changed, or another encryption context; here the logical table is ` +
      'Patients, and the key clinic, id',
  ],
  echo: [
    'None',
    '422 {"message":"[redacted] is not insured","input":"[redacted]"}',
    'Nothing: the response is the handler’s own, and its values were redacted.',
  ],
  draft: [
    'ERR_OPERATION_REFUSED',
    '500 Internal Server Error',
    'ERR_OPERATION_REFUSED: PutItem: the table Drafts is in no option; name it under `tables`, or under ' +
      '`plainTables` if it is plain on purpose',
  ],
}

/** The switch for each attack of the demo. */
const switches: Readonly<Record<string, string>> = {
  'field swap': 'swap',
  'element swap': 'visits',
  'mixed payloads': 'splice',
  'other record': 'record',
  'other tenant': 'tenant',
  'other use': 'use',
  'other resource': 'resource',
  'other sender': 'sender',
  'other model': 'model',
  replay: 'replay',
  plaintext: 'plaintext',
  'missing field': 'missing',
  'one bit flipped': 'bit',
  'stripped key': 'strip',
  'stripped item': 'stripped',
  'edited row': 'row',
  'echo in an error': 'echo',
  'unlisted table': 'draft',
  'plain http': 'http',
  'foreign origin': 'origin',
}

test('the playground has a switch for every attack of the demo, one for responses, and one for rows of other tables', () => {
  expect(Object.keys(switches)).toEqual(demo.attacks.map(({ name }) => name))
  expect([...Object.values(switches), 'answer', 'archive'].sort()).toEqual(
    attacks.map(({ name }) => name).sort(),
  )
})

inChromium((executable) => {
  let open: OpenPlayground
  let page: OpenPlayground['page']

  beforeAll(async () => {
    // So high that everything is in sight.
    open = await openPlayground('attacks', executable, { viewport: { width: 1440, height: 3600 } })
    page = open.page
    await page.fill('#input-ssn', '123-45-6789')
  })
  afterAll(() => open?.close())

  describe.each(attacks.map((attack) => [attack.title, attack] as const))('%s', (_, attack) => {
    const { name, on, changeAnswer, changeRow, otherTable, handler } = attack
    const toggle = () => page.locator(`[data-attack=${name}]`)

    beforeAll(async () => {
      await open.travel('#send')
      expect(await page.locator('#verdict').getAttribute('data-tone')).toBe('good')
      const before = await open.top()
      await toggle().focus()
      await page.keyboard.press('Space')
      expect(await toggle().getAttribute('aria-checked')).toBe('true')
      await open.travel(on === 'read' ? '#read' : '#send')
      await open.shot(name)
      expect(await open.top()).toBe(before)
    })
    afterAll(() => toggle().click())

    test('is refused, and each who hears of it learns what is meant for him', async () => {
      expect(await page.locator('#verdict').getAttribute('data-tone')).toBe('refused')
      expect(await toggle().locator('.result').getAttribute('data-held')).toBe('true')
      expect(await page.locator('#attack-report dd').allInnerTexts()).toEqual(refusals[name])
      expect(await page.locator('#attack-report').innerText()).toContain(attack.does)
    })

    test('reaches the handler only where the mistake is behind it', async () => {
      if (changeAnswer) return expect(await open.textOf('browser')).toContain('refused what came back')
      const ran = { echo: 'They were taken out', draft: 'its write was refused' }
      const isOnRow = changeRow ?? otherTable
      const handlerRan = handler ? ran[handler] : isOnRow && 'what it asked for was refused'
      expect(await open.textOf('lambda')).toContain(handlerRan ?? 'The handler did not run')
      expect(await open.pane('browser').locator('.refusal').count()).toBe(1)
    })
  })

  test('what a careless handler has read reaches no other party', async () => {
    await page.click('[data-attack=echo]')
    await open.travel('#send')
    expect(await open.textOf('lambda')).toContain('123-45-6789 is not insured')
    await open.unfold()
    for (const name of ['wire', 'table', 'log', 'browser'])
      expect(await open.textOf(name)).not.toContain('123-45-6789')
    expect(await open.textOf('browser')).toContain('is not insured')
    await page.click('[data-attack=echo]')
  })

  test('leaves nothing in the unlisted table', async () => {
    await page.click('[data-attack=draft]')
    await open.travel('#send')
    expect(await page.locator('#journey li').nth(3).innerText()).toContain('has no such row')
    await page.click('[data-attack=draft]')
  })

  test('leaves the table as it was', async () => {
    await open.travel('#read')
    expect(await open.line('browser', '/phone').innerText()).toContain(patient.phone)
  })

  test('shows the attack that is switched on, and otherwise the last one', async () => {
    const report = page.locator('#attack-report')
    await open.load()
    expect(await report.innerText()).toContain('Here you will read what became of the attack')
    await page.click('[data-attack=swap]')
    expect(await report.innerText()).toContain('Not tried yet: press “Send, tampered”')
    await open.travel('#send')
    await page.click('[data-attack=row]')
    expect(await report.innerText()).toContain('Not tried yet: press “Read, tampered”')
    await page.click('[data-attack=row]')
    expect(await report.innerText()).toContain(`${failed} at /ssn`)
  })
})
