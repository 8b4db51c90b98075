using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace SeamlessReboot.Angel;

/// <summary>Stand-in until the core is merged: runs the command once; it is ready when it has lived for the start delay.</summary>
internal static class Angel
{
    internal static int Run(AngelOptions options, AngelHost host)
    {
        ProcessStartInfo info = new(options.Command[0], options.Command.Skip(1)) { RedirectStandardError = true };
        foreach ((string name, string value) in host.Variables)
            info.Environment[name] = value;
        using Process process = Process.Start(info)!;
        using System.Runtime.InteropServices.PosixSignalRegistration stop =
            System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGTERM, c =>
            {
                c.Cancel = true;
                process.Kill();
            });
        Task<string> words = process.StandardError.ReadToEndAsync();
        bool ready = !process.WaitForExit(options.StartDelay);
        if (ready)
            host.WhenReady("ready");
        process.WaitForExit();
        host.Log(LogLevel.Information, $"the server has ended with {process.ExitCode}");
        if (!ready)
            host.WhenFailed(process.ExitCode, words.Result);
        return process.ExitCode;
    }
}
