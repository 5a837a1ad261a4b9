/** @jest-config-loader esbuild-register */
import type { Config } from 'jest'

const config: Config = {
  rootDir: '.',
  testMatch: ['<rootDir>/test/{*,pages/*}.test.ts', '<rootDir>/{packages,examples}/*/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '@glassine/jest-esbuild' },
  testEnvironment: 'node',
  // Sources without a build: every package names its TypeScript under this condition.
  testEnvironmentOptions: { customExportConditions: ['@glassine/source', 'node', 'node-addons'] },
  modulePathIgnorePatterns: ['/dist/'],
  // Without the lines of refusals that tests cause on purpose.
  setupFiles: ['<rootDir>/tools/test-support/quiet-refusals.ts'],
  cacheDirectory: '<rootDir>/.jest',
  coverageProvider: 'babel',
  collectCoverageFrom: ['packages/*/src/**/*.ts'],
  testTimeout: 30_000,
  maxWorkers: 2,
  // Jest's 500 ms are too short for a worker with a full heap on a busy machine. What it reports now was left open.
  workerGracefulExitTimeout: 10_000,
  // Node keeps the modules of every suite that a worker has run, and a full heap makes late suites many times slower.
  workerIdleMemoryLimit: '600MB',
}

export default config
