// The controls of live singing: start and stop, devices, levels, latency. The sound goes by worklet.js and wire.js.

const ANSWER_MS = 20_000, COLLECT_MS = [0, 3_000, 12_000]
// How many reports of the server, one a second, a warning that it is too slow stays.
const SLOW_REPORTS = 5
const PROTOCOL = "voice-studio-live", SAMPLE_RATE_STEP = 100, LOWEST_DB = -60
const PARTS = ["box", "start", "record", "microphone", "channel", "speaker", "volume", "input", "output", "notice",
  "network", "engine", "total", "gaps"]

export const setUp = (element, props, { ask, collect }, watch) => {
  const part = Object.fromEntries(PARTS.map((name) => [name, element.querySelector(`[data-live=${name}]`)]))
  const unit = { style: "unit", unit: "millisecond", unitDisplay: "short", maximumFractionDigits: 0 }
  const format = new Intl.NumberFormat(navigator.language, unit)
  let words = {}, live = null, answer = null

  const say = (text, isError = false) => {
    part.notice.textContent = text || words.live_headphones
    part.notice.classList.toggle("error", isError)
  }
  const setState = (state) => {
    part.box.dataset.state = state
    part.start.textContent = words[{ idle: "live_start", live: "stop" }[state] || "live_wait"]
    part.start.disabled = state === "starting" || state === "ending"
  }
  const setMeter = (meter, peak) => { meter.value = Math.max(0, 1 - (20 * Math.log10(peak + 1e-9)) / LOWEST_DB) }
  const show = (output, seconds) => { output.textContent = seconds === null ? "–" : format.format(1000 * seconds) }

  const update = () => {
    const value = props.value || {}
    if (value.words !== undefined && !words.live_start) {
      words = value.words
      for (const label of element.querySelectorAll("[data-word]")) label.textContent = words[label.dataset.word]
      for (const meter of element.querySelectorAll("meter")) meter.setAttribute("aria-label", words[meter.dataset.label])
      setOptions(part.microphone, [["", words.live_default]])
      setOptions(part.speaker, [["", words.live_default]])
      setOptions(part.channel, [["-1", words.live_all_channels]])
      say("")
      setState("idle")
    }
    if (answer && value.answer) answer(value)
  }
  const askForTicket = () => new Promise((resolve) => {
    answer = (value) => { answer = null; resolve(value) }
    setTimeout(() => resolve({ error: words.live_lost }), ANSWER_MS)
    ask()
  })

  const setOptions = (select, options) => {
    const chosen = select.value
    select.replaceChildren(...options.map(([value, label]) => new Option(label, value)))
    if (options.some(([value]) => value === chosen)) select.value = chosen
    select.disabled = options.length < 2
  }
  const listDevices = async () => {
    const devices = await navigator.mediaDevices.enumerateDevices()
    const list = (kind) => devices.filter((device) => device.kind === kind && !["", "default"].includes(device.deviceId))
      .map(({ deviceId, label }) => [deviceId, label])
    setOptions(part.microphone, [["", words.live_default], ...list("audioinput")])
    if (live.context.setSinkId) setOptions(part.speaker, [["", words.live_default], ...list("audiooutput")])
  }

  // Every processing of the browser is off: it is made for speech, removes held notes, and adds latency.
  const openMicrophone = () => navigator.mediaDevices.getUserMedia({ audio: {
    ...(part.microphone.value && { deviceId: { exact: part.microphone.value } }),
    channelCount: { ideal: 2 }, echoCancellation: false, noiseSuppression: false, autoGainControl: false,
  } })
  const connectMicrophone = (stream) => {
    const source = live.context.createMediaStreamSource(stream)
    live.source?.disconnect()
    if (live.stream !== stream) live.stream?.getTracks().forEach((track) => track.stop())
    Object.assign(live, { stream, source })
    source.connect(live.node)
    const { channelCount = 1 } = stream.getAudioTracks()[0].getSettings()
    const channels = channelCount > 1 ? Array.from({ length: channelCount }, (_, at) => [`${at}`, `${at + 1}`]) : []
    setOptions(part.channel, [["-1", words.live_all_channels], ...channels])
    live.node.port.postMessage({ channel: Number(part.channel.value) })
  }

  const createContext = () => {
    const context = new AudioContext({ latencyHint: "interactive" })
    if (context.sampleRate % SAMPLE_RATE_STEP === 0) return context
    context.close()
    return new AudioContext({ latencyHint: "interactive", sampleRate: 48_000 })
  }
  const start = async () => {
    if (!navigator.mediaDevices) return say(words.live_insecure, true)
    setState("starting")
    say("")
    live = { context: createContext(), recorded: false, skipped: 0, slow: 0, network: null, engine: null }
    try {
      const [stream] = await Promise.all([
        openMicrophone(),
        live.context.audioWorklet.addModule(new URL("worklet.js", import.meta.url)),
        live.context.resume(),
      ])
      live.stream = stream
      live.node = new AudioWorkletNode(live.context, "live", { outputChannelCount: [2] })
      live.gain = new GainNode(live.context, { gain: Number(part.volume.value) })
      live.node.connect(live.gain).connect(live.context.destination)
      live.node.port.onmessage = ({ data }) => observe(data)
      connectMicrophone(stream)
      await listDevices()
      if (part.speaker.value) await live.context.setSinkId(part.speaker.value)
      const { ticket, error } = await askForTicket()
      if (error) return end(error)
      connect(ticket)
    } catch (error) {
      const names = { NotAllowedError: "live_denied", NotFoundError: "live_no_microphone" }
      end(words[names[error.name] || "live_failed"])
    }
  }
  const connect = (ticket) => {
    const channel = new MessageChannel()
    const url = new URL("socket", import.meta.url)
    url.protocol = url.protocol.replace("http", "ws")
    url.search = ""
    live.wire = new Worker(new URL("wire.js", import.meta.url))
    live.wire.onmessage = ({ data }) => handle(data)
    live.node.port.postMessage({ wire: channel.port1 }, [channel.port1])
    const wire = { url: url.href, protocols: [PROTOCOL, ticket], rate: live.context.sampleRate, port: channel.port2 }
    live.wire.postMessage(wire, [channel.port2])
  }
  const handle = (message) => {
    if (!live) return
    if (message.ready) {
      live.node.port.postMessage({ capture: true })
      record()
      setState("live")
    }
    if (message.block) live.node.port.postMessage({ block: message.block })
    if ("network" in message) live.network = 0.8 * (live.network ?? message.network) + 0.2 * message.network
    if ("engine" in message) live.engine = message.engine
    if ("skipped" in message) {
      const wasSlow = live.slow > 0
      live.slow = message.skipped > live.skipped ? SLOW_REPORTS : Math.max(live.slow - 1, 0)
      live.skipped = message.skipped
      if (live.slow > 0 || wasSlow) say(live.slow > 0 ? words.live_slow : "", live.slow > 0)
    }
    if (message.error) live.error = message.error
    if (message.closed) end(live.error || (live.isEnding ? "" : words.live_lost))
  }
  const observe = ({ input, output, latency, gaps, isHowling }) => {
    if (!live) return
    setMeter(part.input, input)
    setMeter(part.output, output)
    const { baseLatency = 0, outputLatency = 0 } = live.context
    const device = live.stream.getAudioTracks()[0]?.getSettings().latency || 0
    live.total = latency === null ? null : latency + baseLatency + outputLatency + device
    for (const name of ["network", "engine", "total"]) show(part[name], live[name])
    part.gaps.textContent = gaps
    if (isHowling && live.gain.gain.value > 0) {
      part.volume.value = live.gain.gain.value = 0
      say(words.live_feedback, true)
    }
  }
  const record = () => {
    live.recorded ||= part.record.checked
    live.wire?.postMessage({ record: part.record.checked })
  }
  const stop = () => {
    setState("ending")
    live.isEnding = true
    live.node.port.postMessage({ capture: false })
    live.wire.postMessage({ stop: true })
  }
  const end = (error) => {
    live.wire?.terminate()
    live.stream?.getTracks().forEach((track) => track.stop())
    live.context.close()
    // After a loss of connection, the server needs some time to notice it and to write the file.
    if (live.recorded) COLLECT_MS.slice(0, live.isEnding ? 1 : undefined).forEach((wait) => setTimeout(collect, wait))
    live = null
    setMeter(part.input, 0)
    setMeter(part.output, 0)
    setState("idle")
    say(error, Boolean(error))
  }

  part.start.addEventListener("click", () => (live ? stop() : start()))
  part.record.addEventListener("change", () => live?.wire && record())
  part.volume.addEventListener("input", () => { if (live?.gain) live.gain.gain.value = Number(part.volume.value) })
  part.channel.addEventListener("change", () => live?.node?.port.postMessage({ channel: Number(part.channel.value) }))
  part.speaker.addEventListener("change", () => live?.context.setSinkId?.(part.speaker.value))
  part.microphone.addEventListener("change", async () => {
    try { if (live?.source) connectMicrophone(await openMicrophone()) } catch { say(words.live_failed, true) }
  })
  navigator.mediaDevices?.addEventListener("devicechange", () => live?.source && listDevices())
  Object.defineProperty(part.box, "live", { get: () => live }) // for measurements
  watch("value", update)
  update()
}
