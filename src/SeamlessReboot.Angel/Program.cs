using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using SeamlessReboot.Angel;
using SeamlessReboot.Angel.Handing;

// A minimal command line for the core's own tests, to be replaced at merge: run [--NAME VALUE...] -- COMMAND...
if (HiddenVerbs.TryRun(args, out int code))
    return code;
int end = Array.IndexOf(args, "--");
Dictionary<string, string> told = [];
for (int i = 1; i + 1 < end; i += 2)
    told[args[i]] = args[i + 1];
TimeSpan? Time(string name) => told.TryGetValue(name, out string? text) ? TimeSpan.FromSeconds(double.Parse(text, CultureInfo.InvariantCulture)) : null;
int? Count(string name) => told.TryGetValue(name, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : null;
AngelOptions defaults = new() { Command = args[(end + 1)..], Name = "test", RuntimeDirectory = told["--runtime-dir"] };
AngelOptions options = defaults with
{
    Restart = told.TryGetValue("--restart", out string? restart) ? Enum.Parse<RestartPolicy>(restart, ignoreCase: true) : defaults.Restart,
    Backoff = Time("--backoff") ?? defaults.Backoff,
    BackoffLimit = Time("--backoff-limit") ?? defaults.BackoffLimit,
    DeathLimit = Count("--death-limit") ?? defaults.DeathLimit,
    DeathWindow = Time("--death-window") ?? defaults.DeathWindow,
    StartTimeout = Time("--start-timeout") ?? defaults.StartTimeout,
    StartDelay = Time("--start-delay") ?? defaults.StartDelay,
    StopTimeout = Time("--stop-timeout") ?? defaults.StopTimeout,
    Watchdog = Time("--watchdog"),
    AbortTimeout = Time("--abort-timeout") ?? defaults.AbortTimeout,
    Notifies = told.TryGetValue("--notify", out string? notifies) && notifies != "auto" ? notifies == "yes" : null,
    Probe = told.TryGetValue("--probe", out string? probe) ? new Uri(probe.Split('=')[0]) : null,
    ProbeText = probe?.Contains('=', StringComparison.Ordinal) == true ? probe.Split('=')[1] : null,
    ProbeInterval = Time("--probe-interval") ?? defaults.ProbeInterval,
    ProbeTimeout = Time("--probe-timeout") ?? defaults.ProbeTimeout,
    ProbeFailures = Count("--probe-failures") ?? defaults.ProbeFailures,
    StoreLimit = Count("--store-limit") ?? defaults.StoreLimit,
    Fallback = told.TryGetValue("--fallback", out string? fallback) ? fallback.Split(' ') : null,
    FallbackAfter = Count("--fallback-after") ?? defaults.FallbackAfter,
    StableAfter = Time("--stable-after") ?? defaults.StableAfter,
    LookFor = told.TryGetValue("--look-for", out string? lookFor) ? new Regex(lookFor) : null,
    LookIn = told.GetValueOrDefault("--in"),
};
Handover? handover = Handover.Take();
IReadOnlyList<HeldListener> listeners = handover?.Listeners ?? (told.TryGetValue("--listen", out string? listen) ? [Listen(new Uri(listen))] : []);
return Angel.Run(options, new AngelHost
{
    Handover = handover,
    Listeners = listeners,
    Variables = listeners.Count == 0 ? new Dictionary<string, string>() : new Dictionary<string, string> { ["EINHORN_FDS"] = "3", ["EINHORN_FD_COUNT"] = "1", ["EINHORN_FD_0"] = "3" },
    KeptOpen = handover?.KeptOpen ?? [],
    WhenReady = text => Console.Error.WriteLine("WhenReady: " + text),
    WhenFailed = (failed, text) => Console.Error.WriteLine($"WhenFailed {failed}: {text}"),
    Log = (LogLevel level, string text) => Console.Error.WriteLine($"angel {level}: {text}"),
});

static HeldListener Listen(Uri uri)
{
    Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, 1);
    socket.Bind(new IPEndPoint(IPAddress.Parse(uri.Host), uri.Port));
    socket.Listen(512);
    return new HeldListener("listener", SeamlessReboot.Posix.Fd.Duplicate(socket.SafeHandle), uri.ToString());
}
