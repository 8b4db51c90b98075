using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using SeamlessReboot.Angel;
using SeamlessReboot.Angel.Children;
using SeamlessReboot.Angel.Handing;

// A minimal command line for the core's own tests, to be replaced at merge: run [--NAME VALUE...] -- COMMAND...
if (ExecVerb.TryRun(args, out int code) || HandoverCheck.TryRun(args, out code))
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
    Notifies = told.TryGetValue("--notifies", out string? notifies) ? bool.Parse(notifies) : null,
    Probe = told.TryGetValue("--probe", out string? probe) ? new Uri(probe) : null,
    ProbeText = told.GetValueOrDefault("--probe-text"),
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
return Angel.Run(options, new AngelHost
{
    Handover = handover,
    Listeners = handover?.Listeners ?? [],
    KeptOpen = handover?.KeptOpen ?? [],
    WhenReady = text => Console.Error.WriteLine("WhenReady: " + text),
    WhenFailed = (failed, text) => Console.Error.WriteLine($"WhenFailed {failed}: {text}"),
    Log = (LogLevel level, string text) => Console.Error.WriteLine($"angel {level}: {text}"),
});
