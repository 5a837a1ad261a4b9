/** @jest-config-loader esbuild-register */
import type { Config } from 'jest'

const config: Config = {
  rootDir: '.',
  testMatch: ['<rootDir>/test/*.test.ts', '<rootDir>/{packages,examples}/*/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '@glassine/jest-esbuild' },
  testEnvironment: 'node',
  // Sources without a build: every package names its TypeScript under this condition.
  testEnvironmentOptions: { customExportConditions: ['@glassine/source', 'node', 'node-addons'] },
  modulePathIgnorePatterns: ['/dist/'],
  cacheDirectory: '<rootDir>/.jest',
  coverageProvider: 'babel',
  collectCoverageFrom: ['packages/*/src/**/*.ts'],
  testTimeout: 30_000,
  maxWorkers: 2,
}

export default config
