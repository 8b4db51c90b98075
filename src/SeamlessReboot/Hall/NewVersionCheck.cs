using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Posix;

namespace SeamlessReboot;

/// <summary>
/// Starts the new version beside the old one, only as far as <see cref="Rebooter.Start"/>: a missing file, a wrong framework
/// or a broken configuration shows itself while everyone is still being served.
/// </summary>
internal static class NewVersionCheck
{
    private const string Variable = "SEAMLESSREBOOT_CHECK";
    private const string Answer = "SEAMLESSREBOOT reads ";
    private const int Fine = 113;

    /// <summary>In the process that is the check: says how it reads state, and ends well.</summary>
    internal static void AnswerIfAsked(HostProcess process, IStateSerializer serializer)
    {
        if (process.TakeVariable(Variable) is null)
            return;
        Console.Out.Write($"\n{Answer}{Inheritance.Version} {serializer.Name}\n");
        Console.Out.Flush();
        Environment.Exit(Fine);
    }

    /// <exception cref="IOException">It did not start; the message holds what it said.</exception>
    internal static void Run(ExecPlan plan, IStateSerializer serializer, TimeSpan limit)
    {
        using Process process = Start(plan);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Close();
        if (!process.WaitForExit(limit))
        {
            process.Kill(entireProcessTree: true);
            throw new IOException($"The new version was still not at Rebooter.Start after {limit.TotalSeconds:0.###} s. Make Rebooter.Start "
                + "the first line of Main, or raise RebooterOptions.CheckTimeout, or set RebooterOptions.CheckNewVersion to false.");
        }

        if (process.ExitCode == Fine)
        {
            RequireReadable(Said(output), serializer.Name);
            return;
        }

        string said = Said(errors);
        throw new IOException($"The new version does not start: it ended with exit code {process.ExitCode} before Rebooter.Start"
            + (said.Length == 0 ? "." : $", and said: {(said.Length > 2000 ? said[..2000] : said)}"));
    }

    // A grandchild that lives on keeps the pipe open.
    private static string Said(Task<string> output) => output.Wait(1000) ? output.Result.Trim() : "";

    private static void RequireReadable(string output, string serializer)
    {
        string? answer = output.Split('\n').LastOrDefault(l => l.StartsWith(Answer, StringComparison.Ordinal));
        if (answer?[Answer.Length..].Split(' ', 2) is not [string format, string theirs])
            return;
        if (format != Inheritance.Version)
            throw new IOException($"The new version's SeamlessReboot reads format {format} of what is handed over, this one writes {Inheritance.Version}. "
                + "Restart once without reboot.");
        if (theirs != serializer)
            throw new IOException($"The new version reads state by the serializer '{theirs}', this one writes it by '{serializer}'. "
                + "To change the serializer, restart once without reboot.");
    }

    private static Process Start(ExecPlan plan)
    {
        ProcessStartInfo info = new()
        {
            FileName = Path.Combine(plan.Directory, plan.Path),
            WorkingDirectory = plan.Directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (byte[] argument in plan.Arguments.Skip(1))
            info.ArgumentList.Add(Encoding.UTF8.GetString(argument));
        info.Environment.Clear();
        foreach (byte[] variable in plan.EnvironmentWith(Variable, "1"))
        {
            string text = Encoding.UTF8.GetString(variable);
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
                info.Environment[text[..equals]] = text[(equals + 1)..];
        }

        try
        {
            return Process.Start(info)!;
        }
        catch (Win32Exception e)
        {
            throw new IOException($"The new version cannot be started: {e.Message}", e);
        }
    }
}
