import { describe, expect, test } from '@jest/globals'
import { memberNames, type Segment, templateOf } from '../src/path.ts'

const member = (name: string): Segment => ({ kind: 'member', name, optional: false })
const array: Segment = { kind: 'array', name: '', optional: false }
const record: Segment = { kind: 'record', name: '', optional: false }

describe('a template path yields the names that it was made from', () => {
  test.each<[string, Segment[], (string | undefined)[]]>([
    ['/ssn', [member('ssn')], ['ssn']],
    ['/visits/*/note', [member('visits'), array, member('note')], ['visits', undefined, 'note']],
    ['/*/note', [record, member('note')], [undefined, 'note']],
    ['/*', [array], [undefined]],
    ['/~2', [member('*')], ['*']],
    ['/**', [member('**')], ['**']],
    ['/~02', [member('~2')], ['~2']],
    ['/~01', [member('~1')], ['~1']],
    ['/~00', [member('~0')], ['~0']],
    ['/a~1b~0c/~1', [member('a/b~c'), member('/')], ['a/b~c', '/']],
  ])('for %s', (path, segments, names) => {
    expect(templateOf(segments)).toBe(path)
    expect(memberNames({ path })).toEqual(names)
  })
})
