export { redactor } from './redactor.ts'
