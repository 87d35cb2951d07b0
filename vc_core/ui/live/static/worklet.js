// The audio thread: sends the microphone in blocks, and plays what comes back from a jitter buffer.

const HEADER_BYTES = 8, FULL_SCALE = 32768, QUANTUM = 128
const BUFFER_SECONDS = 4, FIRST_MARGIN = 0.01, MAX_MARGIN = 0.4, SPARE = 0.006, STEP = 0.01
const OBSERVE_SECONDS = 4, MAX_OBSERVE_SECONDS = 64
// After a stall of the network much arrives at once. So much more than the margin is dropped soon.
const LARGE_BACKLOG = 0.04, SOON_SECONDS = 1
const REPORT_SECONDS = 0.2
// Feedback: what is captured and what is played both stay that close to full scale for so long.
const HOWL_LEVEL = 0.8, HOWL_SECONDS = 1.5

class LiveProcessor extends AudioWorkletProcessor {
  constructor() {
    super()
    this.channel = -1 // the mean of all
    this.isCapturing = false
    this.setBlock(0.02)
    this.ring = new Float32Array(BUFFER_SECONDS * sampleRate)
    this.captured = [] // the capture time of each block in the ring, with its place
    this.start = this.end = 0 // counted from the beginning, in frames
    this.margin = FIRST_MARGIN // what the buffer has beyond a block before it plays, in seconds
    this.longest = 0
    this.isPlaying = false
    this.lowest = Infinity
    this.patience = OBSERVE_SECONDS // doubled by each dropout that follows from a shorter buffer
    this.hasShortened = false
    this.observed = this.reported = this.howling = this.gaps = 0
    this.peaks = { input: 0, output: 0 }
    this.latency = null
    this.port.onmessage = ({ data }) => {
      if (data.wire) {
        this.wire = data.wire
        this.wire.onmessage = (event) => this.receive(event.data)
      }
      if ("channel" in data) this.channel = data.channel
      if ("block" in data) this.setBlock(data.block)
      if ("capture" in data) { this.isCapturing = data.capture; this.filled = 0 }
    }
  }

  setBlock(seconds) {
    const frames = Math.round(seconds * sampleRate)
    if (this.block?.length === frames) return
    if (this.filled) this.send(currentFrame - this.filled)
    this.block = new Float32Array(frames)
    this.filled = 0
  }

  receive(buffer) {
    const frames = (buffer.byteLength - HEADER_BYTES) / 2
    if (frames <= 0 || frames > this.ring.length) return
    const overflow = this.end + frames - this.start - this.ring.length
    if (overflow > 0) this.start += overflow
    const samples = new Int16Array(buffer, HEADER_BYTES)
    this.captured.push({ at: this.end, time: new DataView(buffer).getFloat64(0, true) })
    for (let i = 0; i < frames; i++) this.ring[(this.end + i) % this.ring.length] = samples[i] / FULL_SCALE
    this.end += frames
    this.longest = Math.max(frames, 0.98 * this.longest)
  }

  capture(input) {
    const channels = this.channel >= 0 && input[this.channel] ? [input[this.channel]] : input
    for (let i = 0; i < QUANTUM; i++) {
      let sample = 0
      for (const channel of channels) sample += channel[i] / channels.length
      this.peaks.input = Math.max(this.peaks.input, Math.abs(sample))
      if (!this.isCapturing) continue
      this.block[this.filled++] = sample
      if (this.filled === this.block.length) this.send(currentFrame + i + 1 - this.filled)
    }
  }

  send(firstFrame) {
    const buffer = new ArrayBuffer(HEADER_BYTES + 2 * this.filled), samples = new Int16Array(buffer, HEADER_BYTES)
    new DataView(buffer).setFloat64(0, firstFrame / sampleRate, true)
    for (let i = 0; i < this.filled; i++) {
      samples[i] = Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, Math.round(this.block[i] * FULL_SCALE)))
    }
    this.filled = 0
    if (this.wire) this.wire.postMessage(buffer, [buffer])
  }

  play(output) {
    const fill = this.end - this.start
    if (!this.isPlaying) {
      if (fill < QUANTUM || fill < this.longest + this.margin * sampleRate) return
      this.isPlaying = true
      this.copy(output, Math.min(fill, QUANTUM), (i) => i / QUANTUM)
    } else if (fill < QUANTUM) { // the last that there is
      this.copy(output, fill, (i) => 1 - i / fill)
      this.isPlaying = false
      this.gaps++
      this.margin = Math.min(this.margin + STEP, MAX_MARGIN)
      if (this.hasShortened) this.patience = Math.min(2 * this.patience, MAX_OBSERVE_SECONDS)
      this.hasShortened = false
      this.lowest = Infinity
      this.observed = 0
    } else {
      const excess = this.observe()
      if (excess > 0 && fill > excess + QUANTUM) this.skip(output, excess)
      else this.copy(output, QUANTUM, () => 1)
    }
    this.measure()
  }

  copy(output, frames, gain) {
    for (let i = 0; i < frames; i++) output[i] = gain(i) * this.ring[(this.start + i) % this.ring.length]
    this.start += frames
  }

  // Leave frames out, with a cross-fade of one quantum.
  skip(output, frames) {
    for (let i = 0; i < QUANTUM; i++) {
      const at = this.start + i, fade = i / QUANTUM
      output[i] = (1 - fade) * this.ring[at % this.ring.length] + fade * this.ring[(at + frames) % this.ring.length]
    }
    this.start += frames + QUANTUM
  }

  // The lowest fill within some seconds is more than is needed: how many frames.
  observe() {
    this.lowest = Math.min(this.lowest, this.end - this.start - QUANTUM)
    this.observed += QUANTUM
    const backlog = this.lowest - Math.round(this.margin * sampleRate)
    const hasBacklog = backlog > LARGE_BACKLOG * sampleRate
    if (this.observed < (hasBacklog ? SOON_SECONDS : this.patience) * sampleRate) return 0
    const excess = hasBacklog ? backlog : this.lowest - Math.round(SPARE * sampleRate)
    this.lowest = Infinity
    this.observed = 0
    if (excess < 0.002 * sampleRate) return 0
    if (!hasBacklog) {
      this.hasShortened = true
      this.margin = Math.max(this.margin - excess / sampleRate, SPARE)
    }
    return excess
  }

  measure() {
    while (this.captured.length > 1 && this.captured[1].at <= this.start) this.captured.shift()
    const [block] = this.captured
    if (block && block.at <= this.start) {
      this.latency = (currentFrame + QUANTUM - this.start + block.at) / sampleRate - block.time
    }
  }

  report(output) {
    for (const sample of output) this.peaks.output = Math.max(this.peaks.output, Math.abs(sample))
    this.reported += QUANTUM
    if (this.reported < REPORT_SECONDS * sampleRate) return
    const isLoud = Math.min(this.peaks.input, this.peaks.output) > HOWL_LEVEL
    this.howling = isLoud ? this.howling + this.reported / sampleRate : 0
    this.port.postMessage({
      ...this.peaks, latency: this.latency, gaps: this.gaps, isHowling: this.howling > HOWL_SECONDS,
    })
    this.peaks = { input: 0, output: 0 }
    this.reported = 0
  }

  process([input], [output]) {
    this.capture(input)
    this.play(output[0])
    this.report(output[0])
    for (const channel of output.slice(1)) channel.set(output[0])
    return true
  }
}

registerProcessor("live", LiveProcessor)
