using System.Diagnostics;

namespace SeamlessReboot.ProcessTests.Helpers;

/// <summary>Runs a command of the system to its end.</summary>
internal static class Shell
{
    /// <returns>What it has printed on both streams.</returns>
    /// <exception cref="InvalidOperationException">It has failed.</exception>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        (int code, string output) = await TryAsync(program, arguments);
        return code == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {code}: {output}");
    }

    public static async Task<(int Code, string Output)> TryAsync(string program, params string[] arguments)
    {
        ProcessStartInfo info = new(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments)
            info.ArgumentList.Add(argument);
        using Process process = Process.Start(info)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(Limits.Wait);
        return (process.ExitCode, (await output) + await errors);
    }

    public static bool Has(string program) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(d => File.Exists(Path.Combine(d, program)));
}
