using System.Diagnostics;
using SeamlessReboot.CrashTests.Support;

namespace SeamlessReboot.CrashTests.Systemd;

/// <summary>
/// A real systemd in namespaces of its own, that sees the machine's files but cannot write them, and whose servers are at 127.0.0.1.
/// It ends with this process, however that ends.
/// </summary>
internal sealed class PrivateSystemd : IAsyncDisposable
{
    private const int CannotBeDone = 77;
    private readonly Process _process;
    private readonly Workspace _workspace;
    private readonly Task<string> _errors;

    private PrivateSystemd(Process process, Workspace workspace)
    {
        _process = process;
        _workspace = workspace;
        _errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>What systemd has logged.</summary>
    public string Log
    {
        get
        {
            string path = _workspace.File("systemd.log");
            return File.Exists(path) ? File.ReadAllText(path) : "systemd has not begun.";
        }
    }

    /// <summary>Why there can be none here; null if it is worth a try.</summary>
    public static string? WhyNot => Libc.EffectiveUser() != 0 ? "Only root may make the namespaces that a systemd of its own needs."
        : !File.Exists("/lib/systemd/systemd") ? "There is no systemd on this machine."
        : !Shell.Has("unshare") || !File.Exists("/bin/bash") ? "There is no unshare or no bash on this machine."
        : null;

    /// <summary>Starts it with the units that lie in the workspace's directory "units".</summary>
    public static PrivateSystemd Start(Workspace workspace, Family family, string unit)
    {
        if (WhyNot is string reason)
            Assert.Ignore(reason);
        foreach (string script in new[] { "namespaces.sh", "inside.sh" })
            workspace.Write(script, File.ReadAllText(Programs.OfTests("Systemd/" + script)), executable: true);
        ProcessStartInfo info = new("unshare", ["--mount", workspace.File("namespaces.sh"), workspace.Root, unit])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        info.Environment[Family.Variable] = family.Token;
        return new PrivateSystemd(Process.Start(info)!, workspace);
    }

    /// <summary>Waits for something that happens in it; skips the test if it turns out that it cannot run here.</summary>
    public async Task<T> WaitForAsync<T>(Task<T> what)
    {
        Task end = _process.WaitForExitAsync();
        if (await Task.WhenAny(what, end) == what)
        {
            try
            {
                return await what;
            }
            catch (Exception e) when (e is TimeoutException or OperationCanceledException)
            {
                throw new TimeoutException($"{e.Message}\n{Log}", e);
            }
        }

        string errors = await _errors;
        if (_process.ExitCode == CannotBeDone)
            Assert.Ignore("A systemd of its own cannot run here: " + errors);
        throw new InvalidOperationException($"systemd has ended with {_process.ExitCode}: {errors}\n{Log}");
    }

    /// <summary>Does what systemctl does, and waits as it does.</summary>
    public static async Task ControlAsync(Family family, params string[] words) =>
        await Shell.RunAsync("nsenter", ["--target", $"{family.WithInnerPid(1)}", "--mount", "--pid", "systemctl", .. words]);

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WaitAsync(Limits.Wait);
        _process.Dispose();
    }
}
