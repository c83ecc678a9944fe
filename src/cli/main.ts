#!/usr/bin/env node
import { espalier } from './espalier.ts'
import { guardProcess } from './report-error.ts'
import { processTerminal } from './terminal.ts'

guardProcess(processTerminal)
await espalier(processTerminal)
