// The playground as people use it: in a browser, against everything it starts. Each step leaves a screenshot in
// `.artifacts`, which is what a reviewer looks at.
import { inChromium } from '@glassine/browser'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { patient, secrets } from '../demo/patient.ts'
import { type OpenPlayground, openPlayground } from './support/playground.ts'

inChromium((executable) => {
  let open: OpenPlayground
  let page: OpenPlayground['page']

  beforeAll(async () => {
    // So high that everything is in sight.
    open = await openPlayground('use', executable, { viewport: { width: 1440, height: 3600 } })
    page = open.page
  })
  afterAll(() => open?.close())

  const cell = (party: string, field: string) =>
    page.locator(`#matrix tr:has(th:text-is("${party}")) td[data-field="${field}"]`).getAttribute('data-look')
  const counter = (at: number) => page.locator('#counters dd').nth(at).innerText()

  test('begins with everything explained, and the example sent', async () => {
    await open.shot('01-begin')
    expect(await page.locator('#verdict').getAttribute('data-tone')).toBe('good')
    expect(await open.line('lambda', '/ssn').innerText()).toContain(patient.ssn)
    expect(await open.line('wire', '/ssn').getAttribute('data-look')).toBe('sealed')
    expect(Number.parseInt(await counter(0), 10)).toBeGreaterThan(0)
    for (const name of ['wire', 'lambda', 'table', 'log', 'browser'])
      expect(await open.pane(name).locator('.what').innerText()).not.toBe('')
    expect(await page.locator('footer').innerText()).toContain(
      'those who ship the page’s JavaScript can read everything',
    )
  })

  test('shows each party what it may see of a request', async () => {
    const before = await open.top()
    await page.fill('#input-ssn', '123-45-6789')
    await open.travel('#send')
    await open.shot('02-sent')
    expect(await page.locator('#verdict').getAttribute('data-tone')).toBe('good')
    expect(await open.line('lambda', '/ssn').innerText()).toContain('123-45-6789')
    expect(await open.line('browser', '/ssn').innerText()).toContain('123-45-6789')
    await open.unfold()
    for (const name of ['wire', 'table', 'log']) {
      const text = await open.textOf(name)
      for (const secret of ['123-45-6789', ...secrets]) expect(text).not.toContain(secret)
    }
    expect(await open.line('wire', '/ssn').getAttribute('data-look')).toBe('sealed')
    expect(await open.line('table', '/ssn').getAttribute('data-look')).toBe('sealed')
    expect(await open.line('log', '/ssn').innerText()).toContain('[redacted pii]')
    expect(await open.line('log', '/phone').innerText()).toContain('***0958')
    expect(await open.line('table', '/phone').innerText()).toContain(patient.phone)
    // Nothing has moved: panes are filled, not pushed.
    expect(await open.top()).toBe(before)
  })

  test('shows at a glance who can read what', async () => {
    const looks = await Promise.all(
      ['Your browser', 'The wire', 'The Lambda', 'The table', 'The log'].map((party) => cell(party, '/ssn')),
    )
    expect(looks).toEqual(['plain', 'sealed', 'plain', 'sealed', 'redacted'])
    expect(await cell('The log', '/phone')).toBe('masked')
    expect(await cell('The wire', '/id')).toBe('plain')
  })

  test('counts no KMS calls when warm', async () => {
    await open.travel('#send')
    expect(await counter(0)).toMatch(/^0/)
    await open.shot('03-warm')
  })

  test('lights a field up wherever it is', async () => {
    await open.line('wire', '/email').hover()
    for (const name of ['wire', 'lambda', 'table', 'log', 'browser'])
      expect(await open.line(name, '/email').getAttribute('class')).toContain('lit')
    expect(await open.line('wire', '/ssn').getAttribute('class')).not.toContain('lit')
    await open.shot('04-lit')
  })

  test('opens a token to what anybody can read of it', async () => {
    const token = open.line('wire', '/ssn').locator('.token')
    await token.focus()
    await page.keyboard.press('Enter')
    expect(await token.getAttribute('aria-expanded')).toBe('true')
    await open.shot('05-token')
  })

  test('reads back', async () => {
    await open.travel('#read')
    await open.shot('06-read')
    expect(await open.line('browser', '/ssn').innerText()).toContain('123-45-6789')
    expect(await open.textOf('wire')).toContain('GET /patients/p-1024')
    expect(await open.line('table', '/ssn').getAttribute('data-look')).toBe('sealed')
  })

  describe('other ways to send', () => {
    const choose = (value: string) => page.click(`label:has(input[value=${value}])`)

    test('all in one: no field is in its place, and none can be swapped', async () => {
      await choose('bundle')
      await open.travel('#send')
      await open.shot('07-bundle')
      expect(await open.pane('wire').locator('.line[data-field="/ssn"]').count()).toBe(0)
      expect(await cell('The wire', '/ssn')).toBe('sealed')
      expect(await open.line('lambda', '/ssn').innerText()).toContain('123-45-6789')
      expect(await page.getAttribute('[data-attack=swap]', 'aria-disabled')).toBe('true')
      await open.travel('#read')
      expect(await open.line('browser', '/ssn').innerText()).toContain('123-45-6789')
    })

    test('all in one: what fits is refused as well', async () => {
      for (const name of ['bit', 'plaintext', 'replay']) {
        await page.click(`[data-attack=${name}]`)
        await open.travel('#send')
        expect(await page.locator('#verdict').getAttribute('data-tone')).toBe('refused')
        await page.click(`[data-attack=${name}]`)
      }
    })

    test('a one-time key: the response is a token within a token', async () => {
      await choose('field')
      await choose('forward-secret')
      await open.travel('#send')
      await open.pane('wire').locator('section').last().locator('.line[data-field="/ssn"] .token').click()
      await open.shot('08-forward-secret')
      expect(await open.textOf('wire')).toContain('JWE')
      expect(await open.line('browser', '/ssn').innerText()).toContain('123-45-6789')
      await choose('session')
    })

    test('another clinic: another binding, and a table of its own', async () => {
      await choose('clinic-b')
      await open.travel('#read')
      expect(await page.locator('#verdict').innerText()).toContain('There is no such patient in this clinic')
      await open.travel('#send')
      expect(await page.locator('#verdict').getAttribute('data-tone')).toBe('good')
      await choose('clinic-a')
    })
  })

  test('sends by the keyboard alone', async () => {
    await page.focus('#input-ssn')
    await page.keyboard.press('Enter')
    await page.waitForSelector('body[data-state=rest]')
    expect(await page.locator('#verdict').getAttribute('data-tone')).toBe('good')
  })

  test('plays the way step by step where motion is welcome', async () => {
    await page.emulateMedia({ reducedMotion: 'no-preference' })
    const top = async (name: string) => Math.round((await open.pane(name).boundingBox())!.y)
    const before = [await top('table'), await top('browser')]
    await page.click('#send')
    await page.waitForSelector('#journey li:nth-child(2)[data-state=done]')
    expect(await page.locator('#journey li:nth-child(4)').getAttribute('data-state')).toBe('idle')
    // Panes that are still empty keep their height.
    expect([await top('table'), await top('browser')]).toEqual(before)
    await page.waitForSelector('body[data-state=rest]')
    expect(await page.locator('#journey li:nth-child(4)').getAttribute('data-state')).toBe('done')
    await page.emulateMedia({ reducedMotion: 'reduce' })
  })

  test('loads nothing from elsewhere, and the browser has nothing to complain of', () => {
    expect(open.foreign).toEqual([])
    expect(open.complaints).toEqual([])
  })
})
